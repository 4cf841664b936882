"""The whole local stack as one object: real processes, started, watched, hurt and stopped.

    with open_stack(tmp_path) as stack:          # random ports, own folder
        stack.kill("payment-svc", "payment-svc.daprd")
        stack.start("payment-svc", "payment-svc.daprd")

Names: valkey, scheduler, payment-gateway, identity-provider, gateway, and per app-id "order-svc"
(the app) and "order-svc.daprd" (its sidecar); of a second replica "order-svc.2",
"order-svc.2.daprd".
Every method returns when its effect is there.
"""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from tools.processes import Process, Program, stop_all, wait_for
from tools.rebuild_plan import at_start
from tools.run_folder import RunFolder, describe
from tools.terminal import Say, StackError, say
from tools.topology import Topology, app_ids

READY_TIMEOUT_S = 60.0
# Longer than an app takes at most (DRAIN_NOTICE_S + DRAIN_S); a sidecar with an event in its
# retries would take longer, and loses nothing when it is killed.
STOP_TIMEOUT_S = 20.0
# A process that dies this often within this time will not get better by one more start.
DEATHS_ALLOWED = 2
DEATHS_WINDOW_S = 60.0


class Stack:
    """A context manager: entering returns when every app and sidecar is ready.

    With `restart`, `tick` starts again what died; without it (tests), a death that nobody
    ordered is only noted in `deaths`, one sentence each. `only` names the programs of a
    partial stack, which has no `stack.json`.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        tell: Say = say,
        restart: bool = False,
        only: Collection[str] = (),
    ) -> None:
        self.topology = topology
        self._only = only
        self.folder = RunFolder(topology.run_dir)
        self.services = app_ids(topology.run_file)
        self.processes: dict[str, Process] = {}
        self.deaths: list[str] = []
        self.seconds_to_ready = 0.0
        self._tell = tell
        self._restart = restart
        self._death_times: defaultdict[str, list[float]] = defaultdict(list)

    def __enter__(self) -> Self:
        """Start everything; raise AlreadyRunning or StackError, leaving nothing behind."""
        self.folder.acquire()
        try:
            self._start_everything()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.close()

    def _start_everything(self) -> None:
        started = time.monotonic()
        self.topology = replace(self.topology, read_side=at_start(self.folder.path))
        for program in self.topology.programs():
            if not self._only or program.name in self._only:
                self._add(program)
        infrastructure, apps = self._tiers()
        for process in infrastructure:
            process.start()
        # A sidecar without its broker or store exits at once; all else may come in any order.
        self.wait_ready(*{"valkey", "postgres"} & self.processes.keys())
        for process in apps:
            process.start()
        self.wait_ready(*self.processes)
        self._write_stack_file()
        self.seconds_to_ready = time.monotonic() - started

    def _add(self, program: Program) -> Process:
        log = self.folder.logs / f"{program.name}.log"
        process = Process(program, self.topology.run_file.parent, log)
        self.processes[program.name] = process
        return process

    def _tiers(self) -> tuple[list[Process], list[Process]]:
        by_tier: tuple[list[Process], list[Process]] = ([], [])
        for process in self.processes.values():
            by_tier[process.program.tier].append(process)
        return by_tier

    def close(self) -> None:
        """Stop apps and sidecars, then the rest; a second Ctrl-C meanwhile kills them all."""
        infrastructure, apps = self._tiers()
        try:
            stop_all(apps, STOP_TIMEOUT_S)
            stop_all(infrastructure, STOP_TIMEOUT_S)
        finally:
            for process in self.processes.values():
                process.kill()
            self.folder.release()

    def tick(self) -> None:
        """Look after the dead; raise StackError for one that keeps dying."""
        for process in self.processes.values():
            if process.wanted and not process.alive:
                self._handle_death(process)

    def _handle_death(self, process: Process) -> None:
        text = f"{process.name} died ({process.exit_text})"
        self.deaths.append(text)
        if process.program.guest:
            self._tell(f"{text}.{self._last_lines(process)}")
        if process.program.guest or not self._restart:
            process.wanted = False
            return
        now = time.monotonic()
        recent = [t for t in self._death_times[process.name] if now - t < DEATHS_WINDOW_S]
        self._death_times[process.name] = [*recent, now]
        if len(recent) >= DEATHS_ALLOWED:
            times = len(recent) + 1
            raise StackError(f"{text} {times} times within a minute.{self._last_lines(process)}")
        self._tell(f"{text} and is started again.")
        process.start()
        if self.folder.stack_file.exists():
            self._write_stack_file()

    def wait_ready(self, *names: str, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when all of these are ready; raise StackError with the log of one that is not."""
        waiting = [self.processes[name] for name in names]

        def all_ready() -> bool:
            self.tick()
            for process in waiting:
                if not process.wanted:
                    raise StackError(f"{self.deaths[-1]}.{self._last_lines(process)}")
            waiting[:] = [process for process in waiting if not process.ready()]
            return not waiting

        try:
            wait_for(all_ready, timeout_s, every_s=0.05)
        except TimeoutError:
            late = ", ".join(process.name for process in waiting)
            lines = self._last_lines(waiting[0])
            raise StackError(f"Not ready within {timeout_s:.0f} s: {late}.{lines}") from None

    def start(self, *names: str) -> None:
        """Start these and wait until they are ready."""
        for name in names:
            self.processes[name].start()
        self.wait_ready(*names)
        self._write_stack_file()

    def stop(self, *names: str) -> None:
        """Stop these in an orderly way and wait until they are gone."""
        stop_all([self.processes[name] for name in names], STOP_TIMEOUT_S)

    def put(self, programs: Iterable[Program]) -> None:
        """Start these, in the place of those of the same names; returns before they are ready."""
        new = list(programs)
        self.stop(*(program.name for program in new if program.name in self.processes))
        for program in new:
            self._add(program).start()
        self._write_stack_file()

    def drop(self, *names: str) -> None:
        """Stop these in an orderly way and forget them."""
        self.stop(*names)
        for name in names:
            del self.processes[name]
        self._write_stack_file()

    def restart(self, *names: str) -> None:
        """Stop these in an orderly way and start them again."""
        self.stop(*names)
        self.start(*names)

    def kill(self, *names: str) -> None:
        """End these at once (SIGKILL)."""
        for name in names:
            self.processes[name].kill()

    def freeze(self, *names: str) -> None:
        """Stop these in their tracks (SIGSTOP): alive, connected, silent."""
        for name in names:
            self.processes[name].freeze()

    def thaw(self, *names: str) -> None:
        """Let frozen processes go on."""
        for name in names:
            self.processes[name].send(signal.SIGCONT)

    def heal(self) -> None:
        """Let everything run again that was killed, stopped or frozen; quick if nothing was."""
        self.thaw(*self.processes)
        self.start(*self.processes)

    def url(self, name: str) -> str:
        """Return the base URL of an app, a sandbox or the gateway, by process name."""
        return f"http://127.0.0.1:{self.topology.ports[name]}"

    def logs(self, lines: int = 15) -> str:
        """Return the last log lines of every process, for the report of a failed test."""
        return "\n".join(
            f"--- {process.name}\n{process.tail(lines)}" for process in self.processes.values()
        )

    def running(self) -> dict[str, Any]:
        """Return what `stack.json` says (domain: run file)."""
        return describe(self.processes, self.services)

    def _write_stack_file(self) -> None:
        if not self._only:
            self.folder.write(self.running())
            self.topology.tokens.write(self.folder.path, self.services)

    def _last_lines(self, process: Process) -> str:
        log = os.path.relpath(process.log)
        return f" Last lines of {log}:\n{process.tail()}"
