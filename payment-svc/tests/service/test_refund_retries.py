"""A refund that does not come off at once: tried again by reminder, by an operator, for ever."""

from datetime import datetime
from itertools import pairwise

import pytest

from tests.memory.cafe import MemoryCafe
from tests.memory.faults import Calls, FaultAt
from tests.memory.node import Crash
from tests.memory.parts import (
    Away,
    cancel,
    data_of,
    gateway,
    only,
    placed,
    read,
    refunds,
    served,
    statuses,
    undone,
)

REFUND_CALL = "payment-gateway/v1/refunds"


async def test_a_refund_is_tried_again_at_doubled_spread_times_and_its_failure_told_once(
    cafe: MemoryCafe,
) -> None:
    order_id = await undone(cafe)
    await gateway(cafe, "down")
    asked_at, tries = cafe.clock.now, list[datetime]()

    def note(_: str, verb: str, phase: str, what: str) -> None:
        if (verb, phase, what) == ("invoke", "before", REFUND_CALL):
            tries.append(cafe.clock.now)

    cafe.fault = note
    await cafe.settle()
    await cafe.advance(3600)
    delayed = await read(cafe, "payments", order_id)
    told = data_of(cafe, order_id, "RefundFailed")
    await gateway(cafe, "normal")
    await cafe.advance(1200)

    waits = [(after - before).total_seconds() for before, after in pairwise(tries)]
    doubled = [1, 4, 8, 16, 32, 64, 128, 256, 512, *[900] * len(waits)]
    spread = [wait / seconds for wait, seconds in zip(waits, doubled, strict=False)]
    assert tries[0] == asked_at
    assert all(0.75 <= each <= 1.25 for each in spread), waits
    assert len(set(spread)) > 1
    assert (delayed["status"], delayed["attempts"]) == ("REFUNDING", len(tries) - 1)
    assert (told["attempts"], told["status"]) == (5, "REFUNDING")
    assert told["last_error"] == delayed["last_error"] == "the gateway answered 503"
    assert refunds(cafe, order_id) == [10_000]
    assert (await read(cafe, "payments", order_id))["status"] == "REFUNDED"
    assert cafe.dapr.jobs.of("payment-svc") == {}


async def test_a_cancellation_that_is_told_again_does_not_have_a_refund_tried_more_often(
    cafe: MemoryCafe,
) -> None:
    order_id = await undone(cafe)
    await gateway(cafe, "down")
    await cafe.settle()

    for event in ["CafeOrderCancelled", "OrderRejected"] * 3:
        cafe.tell(event, order_id)
        await cafe.deliver("payment-svc")

    assert (await read(cafe, "payments", order_id))["attempts"] == 1
    assert len(cafe.dapr.jobs.of("payment-svc")) == 1


async def test_a_refund_goes_on_being_tried_after_a_restart(cafe: MemoryCafe) -> None:
    order_id = await undone(cafe)
    await gateway(cafe, "down")
    await cafe.settle()
    cafe.nodes["payment-svc"].crash()
    await cafe.advance(600)
    await gateway(cafe, "normal")

    await cafe.heal()
    await cafe.advance(60)

    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")


async def test_an_operator_may_have_a_refund_tried_now(cafe: MemoryCafe) -> None:
    order_id = await undone(cafe)
    path = f"/payments/{order_id}/retry-refund"
    await gateway(cafe, "down")
    await cafe.settle()
    waiting = await read(cafe, "payments", order_id)

    anas = await cafe.customer("ana").post(path)
    in_vain = await cafe.operator().post(path)
    await gateway(cafe, "normal")
    granted = await cafe.operator().post(path)
    too_late = await cafe.operator().post(path)

    assert anas.status == 403
    assert (in_vain.status, in_vain.body["status"]) == (200, "REFUNDING")
    assert in_vain.body["attempts"] == waiting["attempts"] + 1
    assert (granted.status, granted.body["status"]) == (200, "REFUNDED")
    assert granted.headers["etag"] == f'"{granted.body["version"]}"'
    assert (too_late.status, too_late.body["current_status"]) == (409, "REFUNDED")
    assert refunds(cafe, order_id) == [10_000]


async def test_there_is_nothing_to_retry_before_anything_was_undone(cafe: MemoryCafe) -> None:
    order_id = await served(cafe)

    paid = await cafe.operator().post(f"/payments/{order_id}/retry-refund")
    unknown = await cafe.operator().post("/payments/unknown/retry-refund")

    assert (paid.status, paid.body["current_status"]) == (409, "PAID")
    assert paid.body["detail"] == "There is no refund under way."
    assert (unknown.status, unknown.body["detail"]) == (
        404,
        "There is no payment for such an order.",
    )
    assert refunds(cafe, order_id) == []


@pytest.mark.parametrize("verb", ["get", "save", "schedule", "publish", "invoke"])
async def test_a_refund_waits_for_a_sidecar_that_is_away(cafe: MemoryCafe, verb: str) -> None:
    order_id = await undone(cafe)
    cafe.fault = away = Away("payment-svc", verb)
    await only(cafe, "payment-svc", "CafeOrderCancelled")

    away.over = True
    await cafe.settle()
    await cafe.advance(60)

    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")
    assert refunds(cafe, order_id) == [10_000]
    assert data_of(cafe, order_id, "PaymentRefunded")["refund_id"]


async def test_a_refund_survives_a_crash_at_any_of_its_calls(cafe: MemoryCafe) -> None:
    cafe.fault = calls = Calls()
    await undone(cafe)
    first = len([call for call in calls.made if call[0] == "payment-svc"])
    await cafe.settle()
    every = len([call for call in calls.made if call[0] == "payment-svc"]) - first
    assert every > 5

    for phase in ("before", "after"):
        for number in range(1, every + 1):
            cafe.fault = None
            order_id = await placed(cafe, key=f"{phase}{number}")
            await cafe.settle()
            await cancel(cafe, order_id)
            await only(cafe, "cafe-svc", "OrderCancelRequested")
            cafe.fault = FaultAt(number, phase, Crash, app_id="payment-svc")

            for _ in range(2):
                await cafe.settle()
                await cafe.heal()
                await cafe.advance(60)

            assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")
            assert refunds(cafe, order_id) == [10_000]
            assert data_of(cafe, order_id, "PaymentRefunded")["refund_id"]
