"""A state store in which everything overlaps: a bulk call is many calls, each at its own moment."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final, TypeVar

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Conflict, Stored, Unavailable, Write

SLOWEST_S: Final = 0.05
T = TypeVar("T")


class RacingSidecar(MemorySidecar):
    """Bulk calls read and write one document after the other, and others get in between.

    Of a bulk write any part may be done before it is told as lost or, with `failing`, as away.
    """

    def __init__(self, dapr: MemoryDapr, app_id: str, *, failing: float = 0.0) -> None:
        super().__init__(dapr, app_id)
        self._dice = random.Random(dapr.seed)  # noqa: S311 - a seed must repeat
        self._failing = failing

    async def get_many(self, keys: Sequence[str]) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        for key in self._mixed(keys):
            await self._pause()
            found |= await super().get_many([key])
        return found

    async def save_many(self, writes: Sequence[Write]) -> None:
        lost = 0
        for write in self._mixed(writes):
            await self._pause()
            if self._dice.random() < self._failing:
                raise Unavailable("no answer")
            try:
                await super().save_many([write])
            except Conflict:
                lost += 1
        if lost:
            raise Conflict(f"{lost} lost")

    async def _pause(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, SLOWEST_S))

    def _mixed(self, each: Sequence[T]) -> list[T]:
        mixed = list(each)
        self._dice.shuffle(mixed)
        return mixed
