"""Sidecars whose first save is overtaken: by another replica, or by its own second try."""

from cafe_kit.events import Cause
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Unavailable, Write
from kit.tests.lamp import SOURCE, Trigger, lamps, replica_of


class OvertakenSidecar(MemorySidecar):
    """Another replica applies one input just before the first save, or just after it.

    In the second case the answer to the save does not arrive.
    """

    def __init__(self, dapr: MemoryDapr, phase: str, trigger: Trigger, cause: Cause) -> None:
        super().__init__(dapr, SOURCE)
        self._phase = phase
        self._trigger = trigger
        self._cause = cause

    async def save(self, write: Write) -> None:
        phase = "" if self.calls["save"] else self._phase
        if phase == "before":
            await self._overtake()
        await super().save(write)
        if phase == "after":
            await self._overtake()
            raise Unavailable("no answer in time")

    async def _overtake(self) -> None:
        await lamps(replica_of(self)).update("lamp-1", self._trigger, self._cause)


class LateSidecar(MemorySidecar):
    """The first save is given up, and lands after the next read: just before the second save."""

    def __init__(self, dapr: MemoryDapr) -> None:
        super().__init__(dapr, SOURCE)
        self._late: Write | None = None

    async def save(self, write: Write) -> None:
        if self._late is None:
            self._late = write
            raise Unavailable("no answer in time")
        if not self.calls["save"]:
            await super().save(self._late)
        await super().save(write)
