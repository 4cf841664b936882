"""A module of these tests as a process of its own, measured if this process is measured."""

import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import coverage
import httpx

from tests.waiting import wait_until
from tools.ports import free_port
from tools.processes import Process, Program

ROOT = Path(__file__).parents[2]
ENV = {
    "APP_ID": "lamp-svc",
    "STATE_STORE": "lamp-store",
    "PUBSUB": "lamp-pubsub",
    "TOKEN_ISSUER": "https://identity.example",
    "TOKEN_AUDIENCE": "lamps",
}


def command_of(module: str) -> tuple[str, ...]:
    """Return the command that runs a module; ROOT must be the working directory."""
    measuring = coverage.Coverage.current()
    if measuring is None:
        return (sys.executable, "-m", module)
    data = Path(str(measuring.get_option("run:data_file"))).absolute()
    flags = ("--parallel-mode", "--branch", "--source=cafe_kit", f"--data-file={data}")
    return (sys.executable, "-m", "coverage", "run", *flags, "-m", module)


def process_of(module: str, port: int, env: Mapping[str, str], log: Path) -> Process:
    """Return a server that is ready when its `/readyz` says so; all it writes goes to `log`."""
    program = Program(module, command_of(module), port, "/readyz", env={**os.environ, **env})
    return Process(program, ROOT, log)


@asynccontextmanager
async def lamp_process(
    folder: Path, **env: str
) -> AsyncGenerator[tuple[Process, httpx.AsyncClient]]:
    """Start the lamp service and wait until it is ready; it is gone at the end."""
    port = free_port()
    ports = {"APP_PORT": str(port), "DAPR_HTTP_PORT": str(free_port())}
    process = process_of("kit.tests.lamp_process", port, {**ENV, **ports, **env}, folder / "log")
    process.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            await wait_until(process.ready, what=f"the process, see {process.log}", timeout_s=30)
            yield process, client
    finally:
        process.kill()
