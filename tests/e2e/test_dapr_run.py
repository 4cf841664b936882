"""`dapr run -f dapr.yaml`, the file as it is, with the real Dapr command line.

The command line uses the default ports and the checkout's own `.run/`, so this test refuses to
start beside a running `make up`. Databases that were there before are used and stay.
"""

import json
import os
import signal
import subprocess
import uuid
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.cafe import Cafe
from tests.waiting import wait_until
from tools import build_dapr, ports
from tools.launch import INFRASTRUCTURE, ROOT, RUN_FILE, find_commands, partial_stack
from tools.processes import http_ok
from tools.run_folder import RunFolder
from tools.topology import app_ids, default_ports

pytestmark = pytest.mark.cli
PORTS = default_ports(RUN_FILE)
APP_PORTS = [PORTS[f"{name}{end}"] for name in app_ids(RUN_FILE) for end in ("", ".http")]


class DaprCli:
    """The pinned command line, with a runtime folder in which it finds our daprd."""

    def __init__(self, folder: Path) -> None:
        self._cli = str(build_dapr.ensure_cli())
        (folder / ".dapr" / "bin").mkdir(parents=True)
        (folder / ".dapr" / "bin" / "daprd").symlink_to(build_dapr.ensure_runtime()["daprd"])
        self._env = {**os.environ, "DAPR_RUNTIME_PATH": str(folder), "DAPR_HOST_IP": "127.0.0.1"}
        self._log = folder / "dapr-run.log"

    @contextmanager
    def running(self) -> Generator[subprocess.Popen[bytes]]:
        """`dapr run -f dapr.yaml`; what is left of its process group at the end is killed."""
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                (self._cli, "run", "-f", "dapr.yaml"),
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def __call__(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed."""
        command = (self._cli, *arguments)
        return subprocess.check_output(command, cwd=ROOT, env=self._env, text=True, timeout=30)

    def log(self) -> str:
        """Return what `dapr run` has printed so far."""
        return self._log.read_text()


@pytest.fixture
def dapr(tmp_path: Path) -> Generator[DaprCli]:
    """What must be there before `dapr run`: a broker, a scheduler and the stand-ins."""
    RunFolder(ROOT / ".run").refuse_if_owned()
    taken = [port for port in PORTS.values() if not ports.is_free(port)]
    assert not taken, f"ports {taken} are taken; stop what uses them, e.g. with `make down`"
    before = _files_of_dapr_run()
    try:
        with partial_stack(tmp_path / "run", INFRASTRUCTURE, find_commands()):
            yield DaprCli(tmp_path)
    finally:
        for path in _files_of_dapr_run() - before:
            path.unlink()


def _files_of_dapr_run() -> set[Path]:
    return {path for folder in (".run", ".dapr/logs") for path in (ROOT / folder).glob("*.*")}


@pytest.fixture
async def cafe() -> AsyncGenerator[Cafe]:
    """The four services where dapr.yaml puts them; hides the fixture of the random ports."""
    local = "http://127.0.0.1"
    services = {name: {"url": f"{local}:{PORTS[name]}"} for name in app_ids(RUN_FILE)}
    identity = {"url": f"{local}:{PORTS['identity-provider']}"}
    async with httpx.AsyncClient(timeout=10) as http:
        yield Cafe({"services": services, "identity": identity}, http)


async def test_dapr_run_starts_the_cafe_and_dapr_stop_ends_it(dapr: DaprCli, cafe: Cafe) -> None:
    with dapr.running() as run:
        for name in app_ids(RUN_FILE):
            await wait_until(lambda n=name: is_ready(n), what=f"{name}\n{dapr.log()}", timeout_s=60)

        ana = cafe.as_(f"ana-{uuid.uuid4()}", "customer")
        order_id = (await ana.place()).raise_for_status().json()["order_id"]
        await wait_until(
            lambda: ana.get("mypage-svc", f"/my-pages/{order_id}"),
            lambda page: page.is_success and page.json()["order_status"] == "Paid",
            what="the page",
        )

        # Every sidecar of this machine is listed, also that of another stack.
        listed: list[dict[str, Any]] = json.loads(dapr("list", "-o", "json"))
        ours = {row["appId"]: row["appPort"] for row in listed if row["runTemplatePath"]}
        assert ours == {name: PORTS[name] for name in app_ids(RUN_FILE)}

        dapr("stop", "-f", "dapr.yaml")
        await wait_until(run.poll, lambda code: code is not None, what="the end of `dapr run`")
        await wait_until(
            lambda: [port for port in APP_PORTS if not ports.is_free(port)],
            lambda taken: not taken,
            what="free ports",
        )


def is_ready(name: str) -> bool:
    try:
        return http_ok(PORTS[name], "/readyz")
    except OSError:
        return False
