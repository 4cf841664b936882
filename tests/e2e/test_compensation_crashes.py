"""kill -9 between save and publish: what was saved is said after the restart, with no one's help.

For an event the broker delivers again, for a person's command its reminder fires; the reminder of
an order itself is in test_deadlines.py. Flow C9 uses the same moment to have one event overtaken.
"""

import httpx
import pytest

from tests.e2e.books import closed
from tests.e2e.cafe import Cafe, events
from tests.e2e.crashes import died, kill_before
from tools.stack import Stack

pytestmark = pytest.mark.e2e
CHARGE, REFUND = ("charge", 4_500), ("refund", 4_500)


async def test_a_payment_saved_by_an_app_that_died_is_said_once_it_runs_again(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    kill_before(stack, "cafe.Paid.v1")

    order_id = await ana.ordered()

    await died(stack, "payment-svc")
    page = await ana.page_once(order_id, "Ordered")
    assert (events(page), await cafe.ledger(order_id)) == (["OrderPlaced"], [CHARGE])
    stack.start("payment-svc")
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    payment = await ana.payment_once(order_id, "PAID")
    assert (payment["version"], len(payment["ledger"])) == (2, 1)
    assert await cafe.ledger(order_id) == [CHARGE]


async def test_an_acceptance_saved_by_an_app_that_died_is_said_without_being_asked_for_again(
    cafe: Cafe, stack: Stack
) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    kill_before(stack, "cafe.OrderAccepted.v1")

    with pytest.raises(httpx.RemoteProtocolError):
        await ben.post("cafe-svc", f"/cafe-orders/{order_id}/accept")
    await died(stack, "cafe-svc")
    stack.start("cafe-svc")

    await ana.cafe_order_once(order_id, "ACCEPTED")
    page = await ana.page_once(order_id, "Accepted", last_event="OrderAccepted")
    assert events(page).count("OrderAccepted") == 1
    await ana.order_once(order_id, "ACCEPTED")
    await ben.serve(order_id, "start", "finish", "hand-over")
    assert await closed(ana, order_id, "COMPLETED", "PAID") == [CHARGE]


async def test_c9_a_cancellation_that_overtakes_paid_at_the_cafe_leaves_a_tombstone_and_a_refund(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    kill_before(stack, "cafe.Paid.v1")
    order_id = await ana.ordered()
    await died(stack, "payment-svc")

    await ana.cancel(order_id)
    await ana.order_once(order_id, "CANCELLED")
    stack.start("payment-svc")

    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    page = await ana.page_once(order_id, "Cancelled", told="Paid", refund="Refunded")
    assert "OrderQueued" not in events(page)
    tombstone = await ana.cafe_order_once(order_id, "CANCELLED")
    assert (tombstone["version"], tombstone["items"], tombstone["queued_at"]) == (1, [], None)


async def test_cancellation_and_payment_that_wait_for_the_cafe_together_end_in_a_refund(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    warm = await ana.ordered()
    await ana.page_once(warm, "Paid", last_event="OrderQueued")
    stack.stop("cafe-svc", "cafe-svc.daprd")
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="Paid")

    await ana.cancel(order_id)
    await ana.page_once(order_id, "Cancelling")
    stack.start("cafe-svc", "cafe-svc.daprd")

    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    await ana.page_once(order_id, "Cancelled", refund="Refunded")
