"""A module of these tests as a process of its own, measured if this process is measured."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import coverage

from tools.processes import Process, Program

ROOT = Path(__file__).parents[2]


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
