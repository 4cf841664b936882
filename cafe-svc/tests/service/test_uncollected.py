"""Drinks nobody comes for: given up by a barista or by reminder, once, whatever fails."""

from collections.abc import Callable

import pytest

from tests.memory.cafe import Fault, MemoryCafe
from tests.memory.faults import FaultAt
from tests.memory.journeys import PICKUP, command
from tests.memory.node import Crash
from tests.memory.parts import (
    Away,
    data_of,
    read,
    refunds,
    served,
    statuses,
)

HALF_AN_HOUR, SECOND = 1800, 1
MADE = ("accept", "start", "finish")


def crash_at(app_id: str, verb: str) -> Fault:
    """Return the fault that ends the process at the first call of this verb."""
    return FaultAt(1, "before", Crash, frozenset({verb}), app_id)


async def nothing() -> None:
    """Deliver nothing."""


async def test_drinks_nobody_comes_for_are_given_up_after_half_an_hour(cafe: MemoryCafe) -> None:
    order_id = await served(cafe, *MADE)

    await cafe.advance(HALF_AN_HOUR - SECOND)
    before = await statuses(cafe, order_id)
    await cafe.advance(SECOND)

    assert before == ("ACCEPTED", "PAID", "READY")
    assert await statuses(cafe, order_id) == ("UNCOLLECTED", "PAID", "UNCOLLECTED")
    assert data_of(cafe, order_id, "OrderUncollected")["occurred_at"] == "2026-03-02T09:30:00Z"
    assert refunds(cafe, order_id) == []


@pytest.mark.parametrize(
    ("steps", "ends"),
    [
        ((*MADE, "hand-over"), ("COMPLETED", "PAID", "PICKED_UP")),
        ((*MADE, "uncollected"), ("UNCOLLECTED", "PAID", "UNCOLLECTED")),
    ],
)
async def test_what_was_handed_over_or_given_up_is_not_given_up_again(
    cafe: MemoryCafe, steps: tuple[str, ...], ends: tuple[str, str, str]
) -> None:
    order_id = await served(cafe, *steps)
    version = (await read(cafe, "cafe-orders", order_id))["version"]

    await cafe.advance(2 * HALF_AN_HOUR)

    assert await statuses(cafe, order_id) == ends
    assert (await read(cafe, "cafe-orders", order_id))["version"] == version


@pytest.mark.parametrize(
    ("late_s", "waits_s"), [(0, 0), (180, 0), (181, 900), (36_000, 900)], ids=str
)
async def test_a_look_that_comes_again_and_again_gives_up_once_and_a_late_one_waits_first(
    cafe: MemoryCafe, late_s: int, waits_s: int
) -> None:
    order_id = await served(cafe, *MADE)
    jobs = cafe.dapr.jobs.of("cafe-svc")
    ((name, job),) = ((name, job) for name, job in jobs.items() if "collect" in name)
    cafe.clock.advance(HALF_AN_HOUR + late_s)

    for _ in range(3):
        jobs[name] = job
        await cafe.dapr.jobs.fire("cafe-svc", name)
    waiting = (await read(cafe, "cafe-orders", order_id))["status"]
    await cafe.advance(waits_s)

    assert waiting == ("READY" if waits_s else "UNCOLLECTED")
    assert data_of(cafe, order_id, "OrderUncollected")["version"] == 5
    assert (await read(cafe, "orders", order_id))["status"] == "UNCOLLECTED"
    assert not any("collect" in name for name in jobs)


@pytest.mark.parametrize("verb", ["get", "save", "publish"])
@pytest.mark.parametrize("fault", [crash_at, Away])
async def test_a_given_up_order_is_told_although_the_process_ended_or_its_sidecar_was_away(
    cafe: MemoryCafe, fault: Callable[[str, str], Fault], verb: str
) -> None:
    order_id = await served(cafe, *MADE)
    await cafe.advance(HALF_AN_HOUR - SECOND)
    cafe.fault = fault("cafe-svc", verb)

    await cafe.advance(SECOND, between=nothing)
    cafe.fault = None
    await cafe.heal()
    await cafe.advance(30)

    assert await statuses(cafe, order_id) == ("UNCOLLECTED", "PAID", "UNCOLLECTED")
    assert data_of(cafe, order_id, "OrderUncollected")["version"] == 5


@pytest.mark.parametrize("steps", [(), MADE[:1], MADE[:2]])
async def test_only_finished_drinks_can_be_given_up(
    cafe: MemoryCafe, steps: tuple[str, ...]
) -> None:
    order_id = await served(cafe, *steps)

    answer = await command(cafe, PICKUP, order_id, "uncollected")

    assert (answer.status, answer.body["detail"]) == (
        409,
        "Not now: a step before this one is missing.",
    )
