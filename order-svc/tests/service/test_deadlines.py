"""What is due for an order is done by reminder: in time, late, twice, after a restart, and once."""

from itertools import product

import pytest

from tests.memory.cafe import MemoryCafe
from tests.memory.faults import FaultAt
from tests.memory.journeys import PICKUP
from tests.memory.node import Crash
from tests.memory.parts import (
    Away,
    cancel,
    data_of,
    only,
    placed,
    read,
    refunds,
    said,
    served,
    statuses,
)

NOT_PAID_S, NOT_ACCEPTED_S, SECOND = 60, 300, 1
ASKED = "OrderCancelRequested"


async def unpaid(cafe: MemoryCafe) -> str:
    """Place ana's order while payment-svc is not there."""
    cafe.nodes["payment-svc"].crash()
    return await placed(cafe)


async def assert_called_off(cafe: MemoryCafe, order_id: str) -> None:
    """Nobody makes it, and whatever was charged meanwhile has gone back."""
    order, payment, at_cafe = await statuses(cafe, order_id)
    assert (order, at_cafe) == ("CANCELLED", "CANCELLED")
    assert payment in {"VOIDED", "REFUNDED"}
    assert cafe.charges(order_id) == refunds(cafe, order_id)


async def test_an_order_nobody_pays_is_called_off_after_a_minute(cafe: MemoryCafe) -> None:
    order_id = await unpaid(cafe)

    await cafe.advance(NOT_PAID_S - SECOND)
    before = await read(cafe, "orders", order_id)
    await cafe.advance(SECOND)
    after = await read(cafe, "orders", order_id)
    await cafe.heal()
    await cafe.settle()

    asked = data_of(cafe, order_id, ASKED)
    assert before["status"] == "PLACED"
    assert (after["status"], after["reason"]) == ("CANCELLED", "payment_timeout")
    assert after["requested_by"] == asked["requested_by"] == "deadline"
    assert asked["occurred_at"] == "2026-03-02T09:01:00Z"
    await assert_called_off(cafe, order_id)


async def test_half_way_the_order_is_said_again_before_anything_harsher(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    cafe.dapr.pending.clear()

    await cafe.advance(NOT_PAID_S / 2)

    assert len(said(cafe, order_id, "OrderPlaced")) == 2
    assert data_of(cafe, order_id, "OrderPlaced")["version"] == 1
    assert await statuses(cafe, order_id) == ("PAID", "PAID", "QUEUED")


async def test_an_order_nobody_accepts_is_called_off_after_five_minutes_and_refunded(
    cafe: MemoryCafe,
) -> None:
    order_id = await served(cafe)

    await cafe.advance(NOT_ACCEPTED_S - SECOND)
    before = await statuses(cafe, order_id)
    await cafe.advance(SECOND + 30)

    order = await read(cafe, "orders", order_id)
    assert before == ("PAID", "PAID", "QUEUED")
    assert (order["reason"], order["requested_by"]) == ("accept_timeout", "deadline")
    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")
    assert refunds(cafe, order_id) == [10_000]


async def test_an_accepted_order_has_no_deadline(cafe: MemoryCafe) -> None:
    order_id = await served(cafe, "accept")

    await cafe.advance(24 * 3600)

    assert await statuses(cafe, order_id) == ("ACCEPTED", "PAID", "ACCEPTED")
    assert said(cafe, order_id, ASKED) == []


async def test_a_look_that_comes_hours_late_says_the_order_again_and_calls_nothing_off(
    cafe: MemoryCafe,
) -> None:
    order_id = await placed(cafe)
    cafe.dapr.pending.clear()
    cafe.nodes["order-svc"].crash()
    cafe.clock.advance(5 * 3600)

    await cafe.heal()
    await cafe.advance(SECOND)

    assert await statuses(cafe, order_id) == ("PAID", "PAID", "QUEUED")


@pytest.mark.parametrize("times", [2, 5])
async def test_a_reminder_that_fires_again_and_again_calls_off_once(
    cafe: MemoryCafe, times: int
) -> None:
    order_id = await unpaid(cafe)
    await cafe.advance(NOT_PAID_S / 2)
    ((name, job),) = cafe.dapr.jobs.of("order-svc").items()
    await cafe.clock.reach(job.due)

    for _ in range(times):
        cafe.dapr.jobs.of("order-svc")[name] = job
        await cafe.dapr.jobs.fire("order-svc", name)

    assert data_of(cafe, order_id, ASKED)["version"] == 2
    assert (await read(cafe, "orders", order_id))["version"] == 2
    assert len(cafe.dapr.jobs.of("order-svc")) == 1


@pytest.mark.parametrize(
    ("phase", "verb"),
    [("before", "get"), *product(("before", "after"), ("save", "publish", "schedule"))],
)
async def test_a_deadline_survives_a_crash_at_any_of_its_calls(
    cafe: MemoryCafe, phase: str, verb: str
) -> None:
    order_id = await unpaid(cafe)
    await cafe.advance(NOT_PAID_S - SECOND)
    cafe.fault = FaultAt(1, phase, Crash, frozenset({verb}), "order-svc")

    await cafe.advance(SECOND)
    crashed = not cafe.nodes["order-svc"].running
    await cafe.heal()
    await cafe.advance(30)

    assert crashed
    assert data_of(cafe, order_id, ASKED)["reason"] == "payment_timeout"
    await assert_called_off(cafe, order_id)


@pytest.mark.parametrize("verb", ["get", "save", "publish", "schedule"])
async def test_a_deadline_waits_for_a_sidecar_that_is_away(cafe: MemoryCafe, verb: str) -> None:
    order_id = await unpaid(cafe)
    await cafe.advance(NOT_PAID_S - SECOND)
    cafe.fault = away = Away("order-svc", verb)

    await cafe.advance(20)
    away.over = True
    await cafe.heal()
    await cafe.advance(30)

    assert data_of(cafe, order_id, ASKED)["reason"] == "payment_timeout"
    await assert_called_off(cafe, order_id)


async def test_a_payment_that_comes_after_its_deadline_goes_back(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    await only(cafe, "payment-svc", "OrderPlaced")
    cafe.dapr.pending.clear()

    for _ in range(3):
        cafe.dapr.pending.clear()
        await cafe.clock.reach(cafe.dapr.jobs.next_due() or cafe.clock.now)
        await cafe.dapr.jobs.fire_due()
        if said(cafe, order_id, ASKED):
            break
    await cafe.settle()
    await cafe.advance(60)

    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")
    assert (await read(cafe, "orders", order_id))["reason"] == "payment_timeout"


async def test_an_order_that_was_stored_but_never_said_is_said_by_its_reminder(
    cafe: MemoryCafe,
) -> None:
    cafe.fault = FaultAt(1, "before", Crash, frozenset({"publish"}), "order-svc")
    answer = await cafe.customer().post("/orders", PICKUP.body, idempotency_key="1")
    (key,) = cafe.nodes["order-svc"].documents
    await cafe.heal()

    await cafe.advance(NOT_PAID_S / 2)

    assert answer.status == 502
    assert await statuses(cafe, key.removeprefix("order:")) == ("PAID", "PAID", "QUEUED")


async def test_a_cancellation_unanswered_for_a_minute_is_still_asked_for(cafe: MemoryCafe) -> None:
    order_id = await served(cafe)
    cafe.nodes["cafe-svc"].crash()
    await cancel(cafe, order_id)

    await cafe.advance(600)
    waiting = (await read(cafe, "orders", order_id))["status"]
    await cafe.heal()
    await cafe.advance(30)

    assert waiting == "CANCELLING"
    assert data_of(cafe, order_id, ASKED)["version"] == 3
    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")
