"""Natural batching: what gathers while the last batch is under way is the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
Handle = Callable[[Sequence[ItemT]], Awaitable[Sequence[Exception | None]]]
"""Handles a batch and says for each of its items what went wrong, if anything; raises nothing."""


class Batches(Generic[ItemT]):
    """One batch of at most `limit` items at a time; nothing waits while nothing is under way."""

    def __init__(self, handle: Handle[ItemT], *, limit: int) -> None:
        self._handle = handle
        self._limit = limit
        self._waiting: list[tuple[ItemT, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None

    def add(self, item: ItemT) -> asyncio.Future[None]:
        """Return a future that is done when the item is handled, and raises what went wrong."""
        handled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, handled))
        if self._running is None:
            # A task of its own: a caller that goes away must not take the others' batch along.
            self._running = asyncio.create_task(self._run())
        return handled

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[: self._limit]
                del self._waiting[: self._limit]
                _settle(batch, await self._handle([item for item, _ in batch]))
        finally:
            self._running = None


def _settle(
    batch: Sequence[tuple[object, asyncio.Future[None]]], errors: Sequence[Exception | None]
) -> None:
    for (_, handled), error in zip(batch, errors, strict=True):
        if handled.done():
            continue
        if error is None:
            handled.set_result(None)
        else:
            handled.set_exception(error)
