"""One supervised operating-system process: start, look, signal, stop, log."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
PROBE_TIMEOUT_S = 1.0
# The parent-death signal follows the thread that forked, not the process: every child is
# started from this one thread, which lives as long as the interpreter.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def answers_ping(port: int) -> bool:
    """Whether a Valkey server on loopback answers PING; raises OSError."""
    with socket.create_connection(("127.0.0.1", port), timeout=PROBE_TIMEOUT_S) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")


@dataclass(frozen=True)
class Program:
    """What to run and how to see that it is ready.

    `port` is where it is asked: `GET ready_path` must answer 2xx, or, where that is None,
    `answers` must hold: a Valkey server's PING. `tier` 0 is infrastructure, 1 apps and sidecars.
    `stop_signal` ends it in an orderly way. A `guest` is there for a while: nobody starts it again.
    """

    name: str
    command: tuple[str, ...]
    port: int
    ready_path: str | None
    tier: int = 0
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    answers: Callable[[int], bool] = answers_ping
    stop_signal: signal.Signals = signal.SIGTERM
    guest: bool = False


class Process:
    """A Program that can be started again and again; its log file goes on."""

    def __init__(self, program: Program, cwd: Path, log: Path) -> None:
        self.program = program
        self.name = program.name
        self.log = log
        self.wanted = False
        """Whether it is meant to be alive; a wanted process that is dead died by itself."""
        self._cwd = cwd
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the last start, 0 before the first."""
        return self._popen.pid if self._popen else 0

    @property
    def alive(self) -> bool:
        """Whether the process exists (a frozen one does)."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_text(self) -> str:
        """How it ended, e.g. "exit code 1" or "signal SIGKILL"."""
        code = self._popen.returncode if self._popen else 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def start(self) -> None:
        """Start it unless it is alive; returns at once."""
        self.wanted = True
        if not self.alive:
            self._popen = _SPAWNER.submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        leash = (sys.executable, "-I", "-S", str(LEASH), str(os.getpid()))
        with self.log.open("ab") as log:
            return subprocess.Popen(
                (*leash, *self.program.command),
                cwd=self._cwd,
                env=dict(self.program.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the runner only, it stops in order
            )

    def ready(self) -> bool:
        """Whether it is alive and answers its readiness probe now."""
        if not self.alive:
            return False
        try:
            if self.program.ready_path is None:
                return self.program.answers(self.program.port)
            return http_ok(self.program.port, self.program.ready_path)
        except (OSError, http.client.HTTPException):
            return False

    def send(self, signal_number: signal.Signals) -> None:
        """Send a signal if the process is alive."""
        if self.alive and self._popen:
            self._popen.send_signal(signal_number)

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP); on a busy machine that takes a moment."""
        self.send(signal.SIGSTOP)
        if self.alive and hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def kill(self) -> None:
        """End it at once (SIGKILL) and collect it."""
        self.wanted = False
        self.send(signal.SIGKILL)
        if self._popen:
            self._popen.wait()

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def stop_all(processes: Iterable[Process], timeout_s: float) -> None:
    """Send all of them their stop signal, wait together, SIGKILL to what is left after the time."""
    stopping = list(processes)
    for process in stopping:
        process.wanted = False
        process.send(signal.SIGCONT)  # a frozen process would sleep through SIGTERM
        process.send(process.program.stop_signal)
    with contextlib.suppress(TimeoutError):
        wait_for(lambda: not any(process.alive for process in stopping), timeout_s)
    for process in stopping:
        process.kill()


def wait_for(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.02) -> None:
    """Return when the condition holds; raise TimeoutError after the time."""
    deadline, pause = time.monotonic() + timeout_s, threading.Event()
    while not condition():
        if time.monotonic() >= deadline:
            raise TimeoutError
        pause.wait(every_s)


def http_ok(port: int, path: str) -> bool:
    """Whether `GET path` on loopback answers 200 or 204; raises OSError or HTTPException."""
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_TIMEOUT_S)
    ) as connection:
        connection.request("GET", path)
        return connection.getresponse().status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}
