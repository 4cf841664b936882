"""Orders that do not end well end right: cancelled, refused, rejected, declined (flows C1-C8, C10).

Whoever gives up, in the end the order, the drinks and the money agree, here and at the gateway.
"""

import pytest

from tests.e2e.books import closed
from tests.e2e.broker import saying_everything_twice
from tests.e2e.cafe import Cafe, events
from tools.stack import Stack

pytestmark = pytest.mark.e2e
CHARGE, REFUND = ("charge", 4_500), ("refund", 4_500)


@pytest.fixture
def stack(hasty_stack: Stack) -> Stack:
    """Deadlines of seconds."""
    return hasty_stack


async def test_c1_a_declined_card_cancels_the_order_and_moves_no_money(cafe: Cafe) -> None:
    ana = cafe.customer()

    order_id = await ana.ordered(payment_method="tok_declined")

    assert await closed(ana, order_id, "CANCELLED", "FAILED") == []
    page = await ana.page_once(order_id, "Cancelled", last_event="OrderCancelled")
    assert (events(page), page["refund_status"]) == (
        ["OrderPlaced", "PaymentFailed", "OrderCancelled"],
        "None",
    )
    assert (await ana.cancel(order_id)).status_code == 200


async def test_c2_a_cancellation_before_the_payment_began_leaves_nothing_charged(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    stack.stop("payment-svc", "payment-svc.daprd")
    order_id = await ana.ordered()

    asked = await ana.cancel(order_id)

    assert (asked.status_code, asked.json()["status"]) == (202, "CANCELLING")
    await ana.order_once(order_id, "CANCELLED")
    assert (await ana.cancel(order_id)).status_code == 200
    stack.start("payment-svc", "payment-svc.daprd")
    # OrderPlaced and CafeOrderCancelled wait for payment-svc side by side; any may be first.
    await closed(ana, order_id, "CANCELLED", "VOIDED", "REFUNDED")
    await ana.page_once(order_id, "Cancelled")


async def test_c3_a_charge_that_succeeds_after_the_cancellation_is_given_back(cafe: Cafe) -> None:
    ana = cafe.customer()
    await cafe.gateway("slow", delay_ms=1_500)
    order_id = await ana.ordered()
    await ana.payment_once(order_id, "PENDING")

    await ana.cancel(order_id)

    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    page = await ana.page_once(order_id, "Cancelled", refund="Refunded")
    assert "Paid" not in events(page)


async def test_c4_a_paid_order_is_cancelled_and_refunded_until_it_is_made(cafe: Cafe) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    await ben.serve(order_id, "accept")
    await ana.order_once(order_id, "ACCEPTED")

    assert (await ana.cancel(order_id)).status_code == 202

    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    await ana.page_once(order_id, "Cancelled", refund="Refunded")
    late = await ben.post("cafe-svc", f"/cafe-orders/{order_id}/start")
    assert (late.status_code, late.json()["current_status"]) == (409, "CANCELLED")


async def test_c5_a_cancellation_that_loses_against_the_barista_is_refused_and_the_order_goes_on(
    cafe: Cafe,
) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    await ben.serve(order_id, "accept", "start")

    # order-svc does not hear MakeStarted: it asks, and cafe-svc is the judge.
    asked = await ana.cancel(order_id)

    assert (asked.status_code, asked.json()["status"]) == (202, "CANCELLING")
    page = await ana.page_once(order_id, "Making", last_event="OrderCancelRefused")
    assert (await ana.order_once(order_id, "ACCEPTED"))["reason"] is None
    await ben.serve(order_id, "finish", "hand-over")
    assert await closed(ana, order_id, "COMPLETED", "PAID") == [CHARGE]
    page = await ana.page_once(order_id, "Completed")
    assert (page["refund_status"], page["delivery_status"]) == ("None", "Picked up")
    late = await ana.cancel(order_id)
    assert (late.status_code, late.json()["current_status"]) == (409, "COMPLETED")


async def test_c6_an_order_the_barista_rejects_is_refunded(cafe: Cafe) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")

    why = {"reason": "sold_out", "detail": "no beans"}
    rejected = await ben.post("cafe-svc", f"/cafe-orders/{order_id}/reject", json=why)

    assert (rejected.status_code, rejected.json()["status"]) == (200, "REJECTED")
    assert rejected.json() | why == rejected.json()
    assert await closed(ana, order_id, "REJECTED", "REFUNDED") == [CHARGE, REFUND]
    await ana.page_once(order_id, "Rejected", refund="Refunded")


async def test_c7_an_order_nobody_accepts_in_time_is_cancelled_and_refunded(cafe: Cafe) -> None:
    ana = cafe.customer()

    order_id = await ana.ordered()

    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    order = await ana.order_once(order_id, "CANCELLED")
    assert (order["reason"], order["requested_by"]) == ("accept_timeout", "deadline")
    await ana.page_once(order_id, "Cancelled", refund="Refunded")


async def test_c8_a_refund_is_tried_until_the_gateway_is_back_and_the_page_says_it_is_delayed(
    cafe: Cafe,
) -> None:
    ana = cafe.customer()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    await cafe.gateway("down")

    await ana.cancel(order_id)

    await ana.page_once(order_id, "Cancelled", refund="In progress")
    page = await ana.page_once(order_id, "Cancelled", refund="Delayed")
    assert events(page).count("RefundFailed") == 1
    assert (await ana.payment_once(order_id, "REFUNDING"))["attempts"] >= 5
    await cafe.gateway("normal")
    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    page = await ana.page_once(order_id, "Cancelled", refund="Refunded")
    assert events(page).count("RefundFailed") == 1


async def test_c10_every_event_said_twice_changes_nothing_of_a_refunded_order(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()

    async with saying_everything_twice(stack.topology.ports["valkey"]) as said_again:
        order_id = await ana.ordered()
        await ana.page_once(order_id, "Paid", last_event="OrderQueued")
        await ana.cancel(order_id)
        ledger = await closed(ana, order_id, "CANCELLED", "REFUNDED")
        await ana.page_once(order_id, "Cancelled", refund="Refunded")

    page = await ana.page_once(order_id, "Cancelled")
    assert len(said_again) >= 7
    assert ledger == [CHARGE, REFUND]
    assert sorted(events(page)) == [
        "CafeOrderCancelled",
        "OrderCancelRequested",
        "OrderCancelled",
        "OrderPlaced",
        "OrderQueued",
        "Paid",
        "PaymentRefunded",
    ]
    # PLACED, PAID, CANCELLING, CANCELLED; PENDING, PAID, REFUNDING, REFUNDED; QUEUED, CANCELLED.
    assert (await ana.order_once(order_id, "CANCELLED"))["version"] == 4
    assert (await ana.payment_once(order_id, "REFUNDED"))["version"] == 4
    assert (await ana.cafe_order_once(order_id, "CANCELLED"))["version"] == 2
