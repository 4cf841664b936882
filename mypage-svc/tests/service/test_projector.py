"""Writing pages: one write at a time, and whatever gathers meanwhile is the next one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import MAX_BODY_BYTES, Conflict, Rejected, Unavailable
from mypage_svc.adapters import ATTEMPTS, SidecarPages
from mypage_svc.model import Fact, Row
from mypage_svc.projector import HISTORY, Projector
from tests.memory.node import Clock
from tests.memory.stories import START, story
from tests.waiting import wait_until

LIMIT = 20


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


class Setup:
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


@pytest.fixture
def setup() -> Setup:
    return Setup()


def fact(order_id: str, version: int = 1, status: str = "QUEUED") -> Fact:
    queued = story(order_id, 3)[-1]
    name = "OrderQueued" if version == 1 else f"Step{version}"
    at = START + timedelta(seconds=version)
    return replace(queued, event=name, version=version, status=status, at=at)


def facts(first: int, last: int) -> list[Fact]:
    return [fact(f"o-{number}") for number in range(first, last)]


async def test_what_gathers_during_a_write_is_written_together(setup: Setup) -> None:
    first = await setup.begin(fact("o-0"))
    more = await setup.begin(*facts(1, LIMIT + 1))

    setup.let_through(2)
    assert not any(await setup.done(*first, *more))

    assert setup.pages.batches == [["o-0"], [f"o-{n}" for n in range(1, LIMIT + 1)]]
    assert setup.sidecar.calls == {"get_many": 2, "save_many": 2}
    assert len(await setup.pages.rows([f"o-{n}" for n in range(LIMIT + 1)])) == LIMIT + 1


async def test_at_low_load_nothing_waits(setup: Setup) -> None:
    setup.let_through(3)

    for each in facts(0, 3):
        await setup.projector.project(each)

    assert setup.pages.batches == [["o-0"], ["o-1"], ["o-2"]]


async def test_a_batch_has_a_limit(setup: Setup) -> None:
    first = await setup.begin(fact("o-0"))
    more = await setup.begin(*facts(1, LIMIT + 6))

    setup.let_through(3)
    assert not any(await setup.done(*first, *more))

    assert [len(batch) for batch in setup.pages.batches] == [1, LIMIT, 5]


async def test_nobody_is_told_before_the_write_is_done(setup: Setup) -> None:
    (task,) = await setup.begin(fact("o-0"))
    early = await asyncio.wait((task,), timeout=0.01)

    setup.let_through(1)
    await task

    assert early == (set(), {task})


async def test_a_failed_write_is_told_to_everybody_who_waits_and_to_nobody_else(
    setup: Setup,
) -> None:
    first = await setup.begin(fact("o-0"))
    more = await setup.begin(*facts(1, 3))
    setup.let_through(1)
    assert not any(await setup.done(*first))
    setup.sidecar.hook = away

    setup.let_through(1)
    told = await setup.done(*more)
    setup.sidecar.hook = None
    after = await setup.begin(fact("o-3"))
    setup.let_through(1)
    assert not any(await setup.done(*after))

    assert [type(error) for error in told] == [Unavailable, Unavailable]
    assert await setup.pages.row("o-1") is None
    assert await setup.pages.row("o-3") is not None


async def test_a_caller_that_goes_away_does_not_take_the_write_along(setup: Setup) -> None:
    first, second = await setup.begin(fact("o-0"), fact("o-1"))

    first.cancel()
    setup.let_through(2)
    await second

    assert len(await setup.pages.rows(["o-0", "o-1"])) == 2


async def test_a_lost_write_is_read_and_folded_again(setup: Setup) -> None:
    other = SidecarPages(setup.sidecar, setup.clock, "1")
    writes = 0

    def race(verb: str, phase: str, _: str) -> None:
        nonlocal writes
        if (verb, phase) == ("save_many", "before"):
            writes += 1
            if writes == 1:
                raise Conflict("another replica was first")

    await other.project([fact("o-0", 2, "ACCEPTED")])
    setup.sidecar.hook = race
    tasks = await setup.begin(fact("o-0"))
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
    tasks = await setup.begin(fact("o-0"))
    setup.let_through(1)
    (error,) = await setup.done(*tasks)

    assert isinstance(error, Conflict)
    assert setup.sidecar.calls["save_many"] == ATTEMPTS


async def test_a_repeated_fact_costs_a_read_and_no_write(setup: Setup) -> None:
    setup.let_through(2)

    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-0"))

    assert setup.sidecar.calls == {"get_many": 2, "save_many": 1}


@pytest.mark.parametrize("what", ["contradicts", "is too large"])
async def test_a_bad_event_is_refused_and_keeps_no_other_from_its_page(
    setup: Setup, what: str
) -> None:
    placed = story("o-2", 1)[0]
    assert placed.placed is not None
    bad = {
        "contradicts": replace(placed, customer_id="ben"),
        "is too large": replace(placed, placed=replace(placed.placed, note="x" * MAX_BODY_BYTES)),
    }[what]
    setup.let_through(100)
    if what == "contradicts":
        await setup.projector.project(fact("o-2"))

    tasks = await setup.begin(fact("o-0"), fact("o-1"), bad, *facts(3, 9))
    errors = await setup.done(*tasks)

    assert [type(error) for error in errors if error] == [Rejected]
    assert isinstance(errors[2], Rejected)
    assert len(await setup.pages.rows([f"o-{n}" for n in (0, 1, *range(3, 9))])) == 8


async def test_a_bug_is_told_to_all_who_wait_and_the_next_write_goes_on(setup: Setup) -> None:
    def bug(_: str, __: str, ___: str) -> None:
        raise ZeroDivisionError

    setup.let_through(2)
    setup.sidecar.hook = bug
    errors = await setup.done(*await setup.begin(*facts(0, 2)))
    setup.sidecar.hook = None

    await setup.projector.project(fact("o-3"))

    assert [type(error) for error in errors] == [ZeroDivisionError] * 2


async def test_replicas_are_told_what_changed_and_nothing_of_what_was_only_repeated(
    setup: Setup,
) -> None:
    setup.let_through(3)

    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-1"))
    await wait_until(lambda: len(setup.audience.told) == 2, what="both")

    assert setup.audience.told == [["o-0"], ["o-1"]]


async def test_a_page_is_written_also_where_nobody_can_be_told(setup: Setup) -> None:
    setup.audience.deaf = True
    setup.let_through(2)

    await setup.projector.project(fact("o-0"))
    await wait_until(lambda: setup.audience.told, what="the attempt")
    await setup.projector.project(fact("o-1"))
    await wait_until(lambda: len(setup.audience.told) == 2, what="the next attempt")

    assert len(await setup.pages.rows(["o-0", "o-1"])) == 2


def observed() -> tuple[float, float]:
    """Return how many freshnesses were observed so far, and their sum in seconds."""
    found = [
        REGISTRY.get_sample_value(f"cafe_page_freshness_seconds_{x}") for x in ("count", "sum")
    ]
    count, total = found
    assert count is not None
    assert total is not None
    return count, total


async def test_freshness_is_observed_once_per_event_from_its_time_on(setup: Setup) -> None:
    setup.let_through(3)
    before = observed()
    setup.clock.advance(3)

    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-0"))
    await setup.projector.project(replace(fact("o-1"), at=START + timedelta(hours=1)))

    after = observed()
    assert after[0] - before[0] == 2
    assert after[1] - before[1] == pytest.approx(2.0)  # 2 s, and 0 for a clock that is ahead


async def test_the_past_is_folded_silently_until_it_has_been_quiet_for_a_while(
    setup: Setup,
) -> None:
    projector = Projector(setup.pages, setup.audience, setup.clock, batch=9, announce=False)
    setup.let_through(9)
    setup.clock.advance(100)

    assert not has_caught_up(projector)
    setup.clock.advance(2)
    await projector.project(fact("o-0"))
    setup.clock.advance(2)
    assert not has_caught_up(projector)
    recent = replace(fact("o-1"), at=setup.clock.now - HISTORY)
    await projector.project(recent)
    assert setup.audience.told == []
    setup.clock.advance(1)

    assert has_caught_up(projector)
    await projector.project(replace(fact("o-2"), at=setup.clock.now))
    await wait_until(lambda: setup.audience.told, what="an announcement")
    assert setup.audience.told == [["o-2"]]


def has_caught_up(projector: Projector) -> bool:
    """Ask as the start of the service does."""
    try:
        projector.catch_up(3)
    except Unavailable:
        return False
    return True


def away(_: str, __: str, ___: str) -> None:
    raise Unavailable("away")
