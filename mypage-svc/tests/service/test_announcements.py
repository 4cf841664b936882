"""What is told of written pages: to all replicas, and to whoever watches how fresh they are."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from cafe_kit.sidecar import Unavailable
from mypage_svc.projector import HISTORY, Projector
from tests.memory.projecting import Projecting, fact
from tests.memory.stories import START
from tests.waiting import wait_until


@pytest.fixture
def setup() -> Projecting:
    return Projecting()


async def test_replicas_are_told_what_changed_and_nothing_of_what_was_only_repeated(
    setup: Projecting,
) -> None:
    setup.let_through(3)

    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-0"))
    await setup.projector.project(fact("o-1"))
    await wait_until(lambda: len(setup.audience.told) == 2, what="both")

    assert setup.audience.told == [["o-0"], ["o-1"]]


async def test_a_page_is_written_also_where_nobody_can_be_told(setup: Projecting) -> None:
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


async def test_freshness_is_observed_once_per_event_from_its_time_on(setup: Projecting) -> None:
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
    setup: Projecting,
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
