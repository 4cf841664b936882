"""The part of a rebuild that belongs to whoever runs the stack: to start and stop processes."""

from dataclasses import replace

from tools.processes import Program
from tools.rebuild_plan import APP_ID, CATCH_UP_S, GUEST, ReadSide, read
from tools.stack import Stack


class ReadSides:
    """Makes the processes of mypage-svc follow the plan of the run folder."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._plan = read(stack.folder.path)

    def look(self) -> None:
        """Do what the plan has come to say; returns before what was started is ready.

        What it stops is waited for. Raises `StackError`.
        """
        self._forget_the_dead()
        before, self._plan = self._plan, read(self._stack.folder.path)
        if self._plan.serving != before.serving:
            side = ReadSide(self._plan.serving)
            self._stack.topology = replace(self._stack.topology, read_side=side)
            self._stack.put(self._stack.topology.replica(APP_ID))
        if self._plan.beside == before.beside:
            return
        if self._plan.beside is None:
            self._drop()
        else:
            self._stack.put(self._second(ReadSide(self._plan.beside, CATCH_UP_S)))

    def _second(self, side: ReadSide) -> list[Program]:
        topology = replace(self._stack.topology, read_side=side)
        return [replace(program, guest=True) for program in topology.replica(GUEST)]

    def _forget_the_dead(self) -> None:
        """Of the second process nothing stays when one half of it has died; nobody restarts it."""
        if any(not self._stack.processes[name].wanted for name in self._names()):
            self._drop()

    def _drop(self) -> None:
        self._stack.drop(*self._names())

    def _names(self) -> list[str]:
        return [name for name in (GUEST, f"{GUEST}.daprd") if name in self._stack.processes]
