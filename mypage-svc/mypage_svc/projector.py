"""Natural batching: what has arrived while the last write was under way is written together."""

import asyncio
from dataclasses import dataclass
from typing import Final

from mypage_svc.domain import Fact
from mypage_svc.ports import Pages

BATCH_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class _Waiting:
    fact: Fact
    written: asyncio.Future[None]


class Projector:
    """One write at a time; nothing waits at low load, because nothing is under way then."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._queue: list[_Waiting] = []
        self._drain: asyncio.Task[None] | None = None

    async def project(self, fact: Fact) -> None:
        """Return when the fact is stored. Raises what storing it raised."""
        waiting = _Waiting(fact, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._drain is None:
            # A task of its own: a caller that goes away must not take the others' write along.
            self._drain = asyncio.create_task(self._write_all())
        await waiting.written

    async def _write_all(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH_LIMIT], self._queue[BATCH_LIMIT:]
            try:
                await self._pages.project([waiting.fact for waiting in batch])
            except Exception as error:  # noqa: BLE001 - every waiter is told
                _settle(batch, error)
            else:
                _settle(batch, None)
        self._drain = None


def _settle(batch: list[_Waiting], error: Exception | None) -> None:
    for waiting in batch:
        if waiting.written.done():
            continue
        if error is None:
            waiting.written.set_result(None)
        else:
            waiting.written.set_exception(error)
