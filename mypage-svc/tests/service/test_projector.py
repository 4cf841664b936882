"""Writing pages: one write at a time, and whatever gathers meanwhile is the next one."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from cafe_kit.sidecar import MAX_BODY_BYTES, Conflict, Rejected, Unavailable
from mypage_svc.adapters import ATTEMPTS, SidecarPages
from tests.memory.projecting import LIMIT, Projecting, fact, facts
from tests.memory.stories import story


@pytest.fixture
def setup() -> Projecting:
    return Projecting()


async def test_what_gathers_during_a_write_is_written_together(setup: Projecting) -> None:
    first = await setup.begin(fact("o-0"))
    more = await setup.begin(*facts(1, LIMIT + 1))

    setup.let_through(2)
    assert not any(await setup.done(*first, *more))

    assert setup.pages.batches == [["o-0"], [f"o-{n}" for n in range(1, LIMIT + 1)]]
    assert setup.sidecar.calls == {"get_many": 2, "save_many": 2}
    assert len(await setup.pages.rows([f"o-{n}" for n in range(LIMIT + 1)])) == LIMIT + 1


async def test_at_low_load_nothing_waits(setup: Projecting) -> None:
    setup.let_through(3)

    for each in facts(0, 3):
        await setup.projector.project(each)

    assert setup.pages.batches == [["o-0"], ["o-1"], ["o-2"]]


async def test_an_event_leaves_a_line_once_it_is_stored(setup: Projecting) -> None:
    with capture_logs() as lines:
        (task,) = await setup.begin(fact("o-0"))
        early = [*lines]
        setup.let_through(1)
        await task

    assert early == []
    assert [(line["event"], line["fact"]) for line in lines] == [("projected", fact("o-0").event)]


async def test_a_batch_has_a_limit(setup: Projecting) -> None:
    first = await setup.begin(fact("o-0"))
    more = await setup.begin(*facts(1, LIMIT + 6))

    setup.let_through(3)
    assert not any(await setup.done(*first, *more))

    assert [len(batch) for batch in setup.pages.batches] == [1, LIMIT, 5]


async def test_nobody_is_told_before_the_write_is_done(setup: Projecting) -> None:
    (task,) = await setup.begin(fact("o-0"))
    early = await asyncio.wait((task,), timeout=0.01)

    setup.let_through(1)
    await task

    assert early == (set(), {task})


async def test_a_failed_write_is_told_to_everybody_who_waits_and_to_nobody_else(
    setup: Projecting,
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


async def test_a_caller_that_goes_away_does_not_take_the_write_along(setup: Projecting) -> None:
    first, second = await setup.begin(fact("o-0"), fact("o-1"))

    first.cancel()
    setup.let_through(2)
    await second

    assert len(await setup.pages.rows(["o-0", "o-1"])) == 2


async def test_a_lost_write_is_read_and_folded_again(setup: Projecting) -> None:
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


async def test_a_write_that_stays_lost_is_given_up(setup: Projecting) -> None:
    def lose(verb: str, _: str, __: str) -> None:
        if verb == "save_many":
            raise Conflict("another replica was first")

    setup.sidecar.hook = lose
    tasks = await setup.begin(fact("o-0"))
    setup.let_through(1)
    (error,) = await setup.done(*tasks)

    assert isinstance(error, Conflict)
    assert setup.sidecar.calls["save_many"] == ATTEMPTS


async def test_a_repeated_fact_costs_a_read_and_no_write(setup: Projecting) -> None:
    setup.let_through(2)

    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-0"))

    assert setup.sidecar.calls == {"get_many": 2, "save_many": 1}


@pytest.mark.parametrize("what", ["contradicts", "is too large"])
async def test_a_bad_event_is_refused_and_keeps_no_other_from_its_page(
    setup: Projecting, what: str
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


async def test_a_bug_is_told_to_all_who_wait_and_the_next_write_goes_on(setup: Projecting) -> None:
    def bug(_: str, __: str, ___: str) -> None:
        raise ZeroDivisionError

    setup.let_through(2)
    setup.sidecar.hook = bug
    errors = await setup.done(*await setup.begin(*facts(0, 2)))
    setup.sidecar.hook = None

    await setup.projector.project(fact("o-3"))

    assert [type(error) for error in errors] == [ZeroDivisionError] * 2


def away(_: str, __: str, ___: str) -> None:
    raise Unavailable("away")
