"""A projector whose writes wait to be let through, and replicas that note what they are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Unavailable
from mypage_svc.adapters import SidecarPages
from mypage_svc.model import Fact, Row
from mypage_svc.projector import Projector
from tests.memory.node import Clock
from tests.memory.stories import START, story
from tests.waiting import wait_until

LIMIT: Final = 20
"""The most facts of one write."""


class SlowPages(SidecarPages):
    """Pages whose every write waits to be let through."""

    def __init__(self, sidecar: MemorySidecar, clock: Clock) -> None:
        super().__init__(sidecar, clock, "1")
        self.batches: list[list[str]] = []
        self.gate = asyncio.Semaphore(0)

    async def project(self, facts: Sequence[Fact]) -> list[Row]:
        self.batches.append([fact.order_id for fact in facts])
        await self.gate.acquire()
        return await super().project(facts)


class Audience:
    """Replicas that remember what they were told."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.deaf = False

    async def tell(self, rows: Sequence[Row]) -> None:
        self.told.append([row.order_id for row in rows])
        if self.deaf:
            raise Unavailable("no broker")


class Projecting:
    """A projector over slow pages over a sidecar."""

    def __init__(self) -> None:
        self.clock = Clock(START)
        self.sidecar = MemorySidecar(MemoryDapr(), "mypage-svc")
        self.pages = SlowPages(self.sidecar, self.clock)
        self.audience = Audience()
        self.projector = Projector(self.pages, self.audience, self.clock, batch=LIMIT)

    async def begin(self, *facts: Fact) -> list[asyncio.Task[None]]:
        """Project facts; return when all of them wait and a write is under way."""
        tasks = [asyncio.create_task(self.projector.project(fact)) for fact in facts]
        await asyncio.sleep(0)
        await wait_until(lambda: self.pages.batches, what="a write", every_s=0)
        return tasks

    async def done(self, *tasks: asyncio.Task[None]) -> list[BaseException | None]:
        """Return what each projection came to; fail if one is never told."""
        async with asyncio.timeout(5):
            return await asyncio.gather(*tasks, return_exceptions=True)

    def let_through(self, writes: int) -> None:
        for _ in range(writes):
            self.pages.gate.release()


def fact(order_id: str, version: int = 1, status: str = "QUEUED") -> Fact:
    queued = story(order_id, 3)[-1]
    name = "OrderQueued" if version == 1 else f"Step{version}"
    at = START + timedelta(seconds=version)
    return replace(queued, event=name, version=version, status=status, at=at)


def facts(first: int, last: int) -> list[Fact]:
    return [fact(f"o-{number}") for number in range(first, last)]
