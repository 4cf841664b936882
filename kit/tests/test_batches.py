"""Natural batching: nothing waits alone, and what gathers goes together."""

import asyncio
from collections.abc import Sequence

import pytest

from cafe_kit.batches import Batches


class Desk:
    """Handles batches when it is let; `refuses` items end with an error."""

    def __init__(self, *refuses: int) -> None:
        self.batches: list[list[int]] = []
        self.let = asyncio.Semaphore(0)
        self._refuses = refuses

    async def handle(self, items: Sequence[int]) -> list[Exception | None]:
        self.batches.append(list(items))
        await self.let.acquire()
        return [ValueError(str(item)) if item in self._refuses else None for item in items]

    def let_through(self, batches: int) -> None:
        for _ in range(batches):
            self.let.release()


async def turn() -> None:
    """Let everybody do what there is to do now."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_lone_item_is_handled_at_once() -> None:
    desk = Desk()
    batches = Batches(desk.handle, limit=3)
    desk.let_through(2)

    await batches.add(1)
    await batches.add(2)

    assert desk.batches == [[1], [2]]


async def test_what_gathers_meanwhile_is_the_next_batch_up_to_the_limit() -> None:
    desk = Desk()
    batches = Batches(desk.handle, limit=3)
    waiting = [batches.add(0)]
    await turn()

    waiting += [batches.add(item) for item in range(1, 6)]
    desk.let_through(3)
    await asyncio.gather(*waiting)

    assert desk.batches == [[0], [1, 2, 3], [4, 5]]


async def test_only_who_brought_a_bad_item_is_told() -> None:
    desk = Desk(2)
    batches = Batches(desk.handle, limit=3)
    desk.let_through(1)

    told = await asyncio.gather(*map(batches.add, (1, 2, 3)), return_exceptions=True)

    assert [type(each) for each in told] == [type(None), ValueError, type(None)]


async def test_who_does_not_wait_any_longer_takes_nothing_along() -> None:
    desk = Desk()
    batches = Batches(desk.handle, limit=3)
    first, second = batches.add(1), batches.add(2)
    await turn()

    first.cancel()
    desk.let_through(1)
    await second

    assert desk.batches == [[1, 2]]
    with pytest.raises(asyncio.CancelledError):
        await first
