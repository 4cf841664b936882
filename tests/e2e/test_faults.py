"""Parts are away or say things twice; orders are taken, and in the end all are right."""

import time
import uuid

import pytest

from tests.e2e.broker import saying_everything_twice
from tests.e2e.cafe import Cafe, Person
from tests.waiting import wait_until
from tools.stack import Stack

pytestmark = pytest.mark.e2e


async def test_an_order_placed_while_payment_svc_is_down_is_paid_when_it_is_back(
    cafe: Cafe, stack: Stack
) -> None:
    ana = customer(cafe)
    stack.stop("payment-svc", "payment-svc.daprd")

    placed = await ana.place()
    order_id = placed.json()["order_id"]
    page = await ana.page_once(order_id, "Ordered")
    assert (placed.status_code, len(page["timeline"])) == (201, 1)

    stack.start("payment-svc", "payment-svc.daprd")
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    assert await cafe.ledger(order_id) == [("charge", 4_500)]


async def test_an_order_in_flight_survives_an_app_that_is_killed(cafe: Cafe, stack: Stack) -> None:
    ana = customer(cafe)
    stack.kill("payment-svc")

    order_id = (await ana.place()).json()["order_id"]
    await ana.page_once(order_id, "Ordered")

    stack.start("payment-svc")
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    assert await cafe.ledger(order_id) == [("charge", 4_500)]


async def test_ordering_goes_on_from_the_cached_menu_while_cafe_svc_is_down(
    cafe: Cafe, stack: Stack
) -> None:
    ana = customer(cafe)
    warm = await ana.place()
    stack.stop("cafe-svc", "cafe-svc.daprd")

    # Longer than the menu counts as fresh, so the question is asked and fails.
    stale_at = time.monotonic() + 5.5
    await wait_until(lambda: time.monotonic() > stale_at, what="a menu too old to be fresh")
    placed = await ana.place()

    assert (warm.status_code, placed.status_code) == (201, 201)
    order_id = placed.json()["order_id"]
    await ana.page_once(order_id, "Paid", last_event="Paid")
    stack.start("cafe-svc", "cafe-svc.daprd")
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")


async def test_without_any_menu_an_order_is_refused_for_now(cafe: Cafe, stack: Stack) -> None:
    ana = customer(cafe)
    stack.stop("cafe-svc", "cafe-svc.daprd")
    stack.restart("order-svc")

    refused = await ana.place(cafe_id="jamsil")

    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert (await ana.get("mypage-svc", "/my-pages")).json()["items"] == []


async def test_every_event_delivered_twice_changes_nothing(cafe: Cafe, stack: Stack) -> None:
    ana = customer(cafe)
    ben = cafe.as_("barista-gangnam", "barista", cafe_id="gangnam")

    async with saying_everything_twice(stack.topology.ports["valkey"]) as said_again:
        order_id = (await ana.place()).json()["order_id"]
        await ana.page_once(order_id, "Paid", last_event="OrderQueued")
        for step in ("accept", "start", "finish", "hand-over"):
            assert (await ben.post("cafe-svc", f"/cafe-orders/{order_id}/{step}")).is_success
        page = await ana.page_once(order_id, "Completed")
        order = await ana.order_once(order_id, "COMPLETED")

    assert len(said_again) >= 7
    assert [moment["event"] for moment in page["timeline"]] == [
        "OrderPlaced",
        "Paid",
        "OrderQueued",
        "OrderAccepted",
        "MakeStarted",
        "MakeCompleted",
        "OrderPickedUp",
    ]
    assert order["version"] == 4
    assert await cafe.ledger(order_id) == [("charge", 4_500)]
    payment = (await ana.get("payment-svc", f"/payments/{order_id}")).json()
    assert (payment["status"], payment["version"], len(payment["ledger"])) == ("PAID", 2, 1)


def customer(cafe: Cafe) -> Person:
    """Return somebody who has never ordered."""
    return cafe.as_(f"customer-{uuid.uuid4().hex[:8]}", "customer")
