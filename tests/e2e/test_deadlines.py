"""What is promised for later happens, whatever has been restarted or was away in between.

The scheduler keeps the saga's deadlines; here they last seconds (conftest.py).
"""

import uuid

import httpx
import pytest

from tests.e2e.books import closed
from tests.e2e.cafe import Cafe
from tests.e2e.crashes import died, kill_before
from tests.waiting import wait_until
from tools.stack import Stack

pytestmark = pytest.mark.e2e
CHARGE, REFUND = ("charge", 4_500), ("refund", 4_500)


@pytest.fixture
def stack(hasty_stack: Stack) -> Stack:
    """Deadlines of seconds."""
    return hasty_stack


@pytest.mark.parametrize("part", ["order-svc", "order-svc.daprd", "scheduler"])
async def test_the_deadline_of_acceptance_survives_the_restart_of_a_part_it_depends_on(
    cafe: Cafe, stack: Stack, part: str
) -> None:
    ana = cafe.customer()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")

    stack.restart(part)

    assert (await ana.order_once(order_id, "PAID"))["reason"] is None
    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    assert (await ana.order_once(order_id, "CANCELLED"))["reason"] == "accept_timeout"


async def test_a_payment_that_is_not_there_in_time_is_called_off_and_never_charged(
    cafe: Cafe,
) -> None:
    ana = cafe.customer()
    await cafe.gateway("down")

    order_id = await ana.ordered()

    await ana.page_once(order_id, "Cancelled", last_event="OrderCancelled")
    order = await ana.order_once(order_id, "CANCELLED")
    assert (order["reason"], order["requested_by"]) == ("payment_timeout", "deadline")
    await cafe.gateway("normal")
    assert await closed(ana, order_id, "CANCELLED", "VOIDED") == []


async def test_c3_a_charge_whose_answer_comes_after_the_deadline_of_the_payment_is_given_back(
    cafe: Cafe,
) -> None:
    ana = cafe.customer()
    await cafe.gateway("charge_then_timeout")
    order_id = await ana.ordered()
    await wait_until(lambda: cafe.ledger(order_id), what="charge")

    await cafe.gateway("down")

    order = await ana.order_once(order_id, "CANCELLED")
    assert (order["reason"], order["paid_at"]) == ("payment_timeout", None)
    await cafe.gateway("normal")
    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]


async def test_an_order_whose_app_died_before_it_was_said_is_paid_without_being_asked_for_again(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    kill_before(stack, "cafe.OrderPlaced.v1")

    with pytest.raises(httpx.RemoteProtocolError):
        await ana.place()
    await died(stack, "order-svc")
    stack.start("order-svc")

    mine = await wait_until(
        lambda: ana.get("mypage-svc", "/my-pages"), lambda pages: pages.json()["items"], what="page"
    )
    order_id = mine.json()["items"][0]["order_id"]
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    assert await cafe.ledger(order_id) == [CHARGE]


async def test_drinks_nobody_comes_for_are_given_up_and_stay_paid(cafe: Cafe) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")

    await ben.serve(order_id, "accept", "start", "finish")

    await ana.page_once(order_id, "Ready")
    page = await ana.page_once(order_id, "Uncollected", last_event="OrderUncollected")
    assert page["refund_status"] == "None"
    assert await closed(ana, order_id, "UNCOLLECTED", "PAID") == [CHARGE]
    late = await ben.post("cafe-svc", f"/cafe-orders/{order_id}/hand-over")
    assert (late.status_code, late.json()["current_status"]) == (409, "UNCOLLECTED")


async def test_without_the_scheduler_orders_are_taken_and_their_deadlines_kept_when_it_is_back(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    stack.stop("scheduler")

    order_id = await ana.ordered()

    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    stack.start("scheduler")
    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    assert (await ana.order_once(order_id, "CANCELLED"))["reason"] == "accept_timeout"


async def test_the_deadline_of_acceptance_survives_a_scheduler_that_was_killed(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")

    stack.kill("scheduler")
    stack.start("scheduler")

    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]


async def test_a_watch_that_nobody_could_arm_before_the_app_died_is_armed_with_the_next_event(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    stack.stop("payment-svc", "payment-svc.daprd", "scheduler")
    order_id = await ana.ordered()
    stack.kill("order-svc")

    stack.start("order-svc", "scheduler")
    await ana.order_once(order_id, "PLACED")
    stack.start("payment-svc", "payment-svc.daprd")

    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    assert (await ana.order_once(order_id, "CANCELLED"))["reason"] == "accept_timeout"


async def test_without_the_broker_orders_are_taken_and_paid_when_it_is_back(
    cafe: Cafe, stack: Stack, broker: str
) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    stack.stop(broker)

    order_id = await ana.ordered()

    stack.start(broker)
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    await ben.serve(order_id, "accept", "start", "finish", "hand-over")
    assert await closed(ana, order_id, "COMPLETED", "PAID") == [CHARGE]


async def test_without_broker_and_scheduler_nothing_is_promised_and_the_same_key_works_later(
    cafe: Cafe, stack: Stack, broker: str
) -> None:
    ana, key = cafe.customer(), str(uuid.uuid4())
    stack.stop(broker, "scheduler")

    refused = await ana.place(key=key)

    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    stack.start(broker, "scheduler")
    accepted = await wait_until(
        lambda: ana.place(key=key),
        lambda answer: answer.status_code == 201,
        what="the order",
        every_s=1.0,
    )
    order_id = accepted.json()["order_id"]
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    mine = (await ana.get("mypage-svc", "/my-pages")).json()
    assert [item["order_id"] for item in mine["items"]] == [order_id]
    assert await closed(ana, order_id, "CANCELLED", "REFUNDED") == [CHARGE, REFUND]
    assert (await ana.order_once(order_id, "CANCELLED"))["reason"] == "accept_timeout"
