"""Writing pages: one write at a time, and whatever gathers meanwhile is the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Conflict, Unavailable, Write
from mypage_svc.adapters import ATTEMPTS, SidecarPages
from mypage_svc.domain import Fact, Source
from mypage_svc.indexes import BoardIndex
from mypage_svc.projector import BATCH_LIMIT, Projector
from tests.waiting import wait_until

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class SlowPages(SidecarPages):
    """Pages whose every write waits to be let through."""

    def __init__(self, sidecar: MemorySidecar) -> None:
        super().__init__(sidecar)
        self.batches: list[list[str]] = []
        self.gate = asyncio.Semaphore(0)

    async def project(self, facts: Sequence[Fact]) -> None:
        self.batches.append([fact.order_id for fact in facts])
        await self.gate.acquire()
        await super().project(facts)


class TornSidecar(MemorySidecar):
    """Lets `between` happen when the rows of a batch are saved and its indexes are not yet."""

    between: Callable[[], Awaitable[None]] | None = None

    async def save_many(self, writes: Sequence[Write]) -> None:
        between, self.between = self.between, None
        rows = [write for write in writes if write.key.startswith("page:")] if between else []
        if between is not None:
            await super().save_many(rows)
            await between()
        await super().save_many([write for write in writes if write not in rows])


class Setup:
    """A projector over slow pages over a sidecar."""

    def __init__(self) -> None:
        self.sidecar = MemorySidecar(MemoryDapr(), "mypage-svc")
        self.pages = SlowPages(self.sidecar)
        self.projector = Projector(self.pages)

    async def begin(self, *order_ids: str) -> list[asyncio.Task[None]]:
        """Project one fact per order; return when all of them wait and a write is under way."""
        tasks = [asyncio.create_task(self.projector.project(fact(o))) for o in order_ids]
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


@pytest.fixture
def setup() -> Setup:
    return Setup()


def fact(order_id: str, version: int = 1, status: str = "QUEUED") -> Fact:
    at = START.replace(minute=version)
    name = "OrderQueued" if version == 1 else f"Step{version}"
    return Fact(order_id, "ana", "gangnam", name, Source.CAFE_ORDER, version, status, at)


async def test_what_gathers_during_a_write_is_written_together(setup: Setup) -> None:
    first = await setup.begin("o-0")
    more = await setup.begin(*(f"o-{n}" for n in range(1, 21)))

    setup.let_through(2)
    assert not any(await setup.done(*first, *more))

    assert setup.pages.batches == [["o-0"], [f"o-{n}" for n in range(1, 21)]]
    assert setup.sidecar.calls == {"get_many": 2, "save_many": 2}
    assert len(await setup.pages.rows([f"o-{n}" for n in range(21)])) == 21


async def test_a_batch_has_a_limit(setup: Setup) -> None:
    first = await setup.begin("o-0")
    more = await setup.begin(*(f"o-{n}" for n in range(BATCH_LIMIT + 5)))

    setup.let_through(3)
    assert not any(await setup.done(*first, *more))

    assert [len(batch) for batch in setup.pages.batches] == [1, BATCH_LIMIT, 5]


async def test_nobody_is_told_before_the_write_is_done(setup: Setup) -> None:
    (task,) = await setup.begin("o-0")
    early = await asyncio.wait((task,), timeout=0.01)

    setup.let_through(1)
    await task

    assert early == (set(), {task})


async def test_a_failed_write_is_told_to_everybody_who_waits_and_to_nobody_else(
    setup: Setup,
) -> None:
    first = await setup.begin("o-0")
    more = await setup.begin("o-1", "o-2")
    setup.let_through(1)
    assert not any(await setup.done(*first))
    setup.sidecar.hook = away

    setup.let_through(1)
    told = await setup.done(*more)
    setup.sidecar.hook = None
    after = await setup.begin("o-3")
    setup.let_through(1)
    assert not any(await setup.done(*after))

    assert [type(error) for error in told] == [Unavailable, Unavailable]
    assert await setup.pages.row("o-1") is None
    assert await setup.pages.row("o-3") is not None


async def test_a_caller_that_goes_away_does_not_take_the_write_along(setup: Setup) -> None:
    first, second = await setup.begin("o-0", "o-1")

    first.cancel()
    setup.let_through(2)
    await second

    assert len(await setup.pages.rows(["o-0", "o-1"])) == 2


async def test_a_lost_write_is_read_and_folded_again(setup: Setup) -> None:
    other = SidecarPages(setup.sidecar)
    writes = 0

    def race(verb: str, phase: str, _: str) -> None:
        nonlocal writes
        if (verb, phase) == ("save_many", "before"):
            writes += 1
            if writes == 1:
                raise Conflict("another replica was first")

    await other.project([fact("o-0", 2, "ACCEPTED")])
    setup.sidecar.hook = race
    tasks = await setup.begin("o-0")
    setup.let_through(1)
    assert not any(await setup.done(*tasks))

    row = await setup.pages.row("o-0")
    assert writes == 2
    assert row is not None
    assert row.cafe_order is not None
    assert (row.cafe_order.status, len(row.timeline)) == ("ACCEPTED", 2)


async def test_a_write_that_stays_lost_is_given_up(setup: Setup) -> None:
    def lose(verb: str, _: str, __: str) -> None:
        if verb == "save_many":
            raise Conflict("another replica was first")

    setup.sidecar.hook = lose
    tasks = await setup.begin("o-0")
    setup.let_through(1)
    (error,) = await setup.done(*tasks)

    assert isinstance(error, Unavailable)
    assert setup.sidecar.calls["save_many"] == ATTEMPTS


async def test_a_repeated_fact_costs_a_read_and_no_write(setup: Setup) -> None:
    setup.let_through(2)

    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-0"))

    assert setup.sidecar.calls == {"get_many": 2, "save_many": 1}


def away(_: str, __: str, ___: str) -> None:
    raise Unavailable("away")


async def test_of_two_writers_the_one_that_read_the_older_row_loses_the_board() -> None:
    sidecar = TornSidecar(MemoryDapr(), "mypage-svc")
    one, other = SidecarPages(sidecar), SidecarPages(sidecar)
    sidecar.between = lambda: other.project([fact("o-0", 2, "PICKED_UP")])

    await one.project([fact("o-0")])

    row = await one.row("o-0")
    assert row is not None
    assert row.cafe_order is not None
    assert row.cafe_order.status == "PICKED_UP"
    assert await one.of_cafe("gangnam") == BoardIndex()
