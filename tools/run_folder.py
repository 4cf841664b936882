"""The folder of one running stack: who owns it, and what runs (`stack.json`).

stack.json has the shape of the run file in docs: gateway, identity, payment_gateway {"url", "pid"},
valkey and, where it keeps the documents, postgres {"port", "pid"}, scheduler {"pid"}, and per
service {"url", "dapr_http" (port), "app_pid", "daprd_pid"}, a second process that is there for a
while ("mypage-svc.2") among them. It exists while the stack is ready.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from tools.processes import Process
from tools.terminal import AlreadyRunning, NotRunning


class RunFolder:
    """Ownership is a file lock, which the kernel drops with its owner, however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self._lock: TextIOWrapper | None = None

    @property
    def stack_file(self) -> Path:
        """Where `stack.json` is."""
        return self.path / "stack.json"

    def refuse_if_owned(self) -> None:
        """Raise AlreadyRunning, with the URLs, if a runner owns the folder now."""
        if self.owner() is not None:
            raise AlreadyRunning(self._say_what_runs())

    def acquire(self) -> None:
        """Own the folder with empty logs; raise AlreadyRunning, with the URLs, if it is owned."""
        self.logs.mkdir(parents=True, exist_ok=True)
        lock = (self.path / "stack.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunning(self._say_what_runs()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        self.stack_file.unlink(missing_ok=True)
        for log in self.logs.glob("*.log"):
            log.unlink()

    def release(self) -> None:
        """Give the folder back; nothing runs any more."""
        self.stack_file.unlink(missing_ok=True)
        if self._lock:
            self._lock.close()
            self._lock = None

    def write(self, running: dict[str, Any]) -> None:
        """Replace `stack.json` in one step, so that a reader never sees half of it."""
        new = self.stack_file.with_suffix(".new")
        new.write_text(json.dumps(running, indent=2) + "\n")
        new.replace(self.stack_file)

    def owner(self) -> int | None:
        """Return the process id of the runner that owns the folder now, None if nobody does."""
        file = self.path / "stack.lock"
        if not file.exists():
            return None
        with file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0)
        return None

    def running(self) -> dict[str, Any]:
        """Read `stack.json`; raise NotRunning in one sentence if no stack is ready here."""
        if self.owner() is None:
            raise NotRunning("No stack is running here; start one with `make up`.")
        running = self._read()
        if running is None:
            raise NotRunning("The stack is starting or stopping; try again in a few seconds.")
        return running

    def _read(self) -> dict[str, Any] | None:
        try:
            return json.loads(self.stack_file.read_text())
        except FileNotFoundError:
            return None

    def _say_what_runs(self) -> str:
        running = self._read()
        if running is None:
            return f"A stack is already starting or stopping here (process {self.owner()})."
        urls = ", ".join(
            f"{name} {service['url']}" for name, service in running["services"].items()
        )
        return f"The stack is already running here (process {self.owner()}): {urls}."


def describe(processes: Mapping[str, Process], services: Sequence[str]) -> dict[str, Any]:
    """Return what `stack.json` says of these processes."""
    guests = [
        p.name for p in processes.values() if p.program.guest and f"{p.name}.daprd" in processes
    ]
    databases = [processes["postgres"]] if "postgres" in processes else []
    return {
        "gateway": _server(processes["gateway"]),
        "identity": _server(processes["identity-provider"]),
        "payment_gateway": _server(processes["payment-gateway"]),
        "valkey": {"port": processes["valkey"].program.port, "pid": processes["valkey"].pid},
        **{p.name: {"port": p.program.port, "pid": p.pid} for p in databases},
        "scheduler": {"pid": processes["scheduler"].pid},
        "services": {
            name: {
                "url": _server(processes[name])["url"],
                "dapr_http": processes[f"{name}.daprd"].program.port,
                "app_pid": processes[name].pid,
                "daprd_pid": processes[f"{name}.daprd"].pid,
            }
            for name in (*services, *guests)
        },
    }


def _server(process: Process) -> dict[str, Any]:
    return {"url": f"http://127.0.0.1:{process.program.port}", "pid": process.pid}
