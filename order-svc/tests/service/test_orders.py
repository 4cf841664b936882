"""Reading an order, and what the other services' events make of it."""

import pytest

from cafe_kit.outcomes import Done, Drop
from cafe_kit.sidecar import Unavailable
from tests.memory.cafe import MemoryCafe
from tests.memory.faults import FaultAt
from tests.memory.parts import placed


async def test_an_order_is_for_its_customer_and_operators(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    path = f"/orders/{order_id}"

    own = await cafe.customer("ana").get(path)
    operators = await cafe.operator().get(path)
    others = await cafe.customer("bob").get(path)

    assert (own.status, own.body["order_id"], own.headers["etag"]) == (200, order_id, '"1"')
    assert operators.body == own.body
    assert (others.status, others.headers["content-type"]) == (404, "application/problem+json")


async def test_an_unknown_order_is_404(cafe: MemoryCafe) -> None:
    for order_id in ("unknown", "a||b", "%7C%7C", "x" * 500):
        assert (await cafe.customer().get(f"/orders/{order_id}")).status == 404, order_id


@pytest.mark.parametrize(
    ("told", "status", "version"),
    [
        (["Paid"], "PAID", 2),
        (["Paid", "OrderAccepted"], "ACCEPTED", 3),
        (["OrderAccepted", "Paid"], "ACCEPTED", 2),
        (["Paid", "OrderAccepted", "OrderPickedUp"], "COMPLETED", 4),
        (["Paid", "OrderAccepted", "DeliveryConfirmed"], "COMPLETED", 4),
        (["OrderPickedUp", "OrderAccepted", "Paid"], "COMPLETED", 2),
        (["PaymentFailed"], "CANCELLED", 2),
        (["Paid", "Paid", "OrderAccepted", "OrderAccepted"], "ACCEPTED", 3),
        (["PaymentFailed", "PaymentFailed"], "CANCELLED", 2),
    ],
)
async def test_events_move_an_order_in_any_sequence(
    cafe: MemoryCafe, told: list[str], status: str, version: int
) -> None:
    order_id = await placed(cafe)

    for event in told:
        cafe.tell(event, order_id)
        await cafe.deliver("order-svc")

    order = (await cafe.customer().get(f"/orders/{order_id}")).body
    assert (order["status"], order["version"]) == (status, version)
    assert not cafe.dapr.dead


async def test_a_payment_is_noted_with_the_time_it_was_made(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)

    cafe.tell("Paid", order_id, occurred_at="2026-03-02T09:00:07Z")
    await cafe.deliver("order-svc")

    order = (await cafe.customer().get(f"/orders/{order_id}")).body
    assert order["paid_at"] == "2026-03-02T09:00:07Z"


async def test_a_failed_payment_cancels_and_says_why(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)

    cafe.tell("PaymentFailed", order_id, reason="declined")
    await cafe.deliver("order-svc")

    order = (await cafe.customer().get(f"/orders/{order_id}")).body
    said = cafe.events(order_id)[-1]
    assert (order["status"], order["reason"]) == ("CANCELLED", "payment_failed")
    assert (said["type"], said["causationid"]) == (
        "cafe.OrderCancelled.v1",
        f"PaymentFailed/{order_id}",
    )
    assert said["data"] == {
        "order_id": order_id,
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "version": 2,
        "status": "CANCELLED",
        "occurred_at": "2026-03-02T09:00:00Z",
        "reason": "payment_failed",
    }


@pytest.mark.parametrize(
    ("before", "event"),
    [
        ("Paid", "PaymentFailed"),
        ("OrderPickedUp", "PaymentFailed"),
        ("PaymentFailed", "OrderRejected"),
        ("PaymentFailed", "OrderPickedUp"),
        ("PaymentFailed", "DeliveryConfirmed"),
        ("OrderRejected", "OrderUncollected"),
        ("Paid", "CafeOrderCancelled"),
    ],
)
async def test_an_impossible_event_is_dropped_to_the_dead_letters(
    cafe: MemoryCafe, before: str, event: str
) -> None:
    order_id = await placed(cafe)
    cafe.tell(before, order_id)
    await cafe.deliver("order-svc")
    stored = cafe.document("order-svc", f"order:{order_id}")

    cafe.tell(event, order_id)
    (outcome,) = await cafe.deliver("order-svc")

    assert isinstance(outcome, Drop)
    assert [(d.app_id, d.topic) for d in cafe.dapr.dead] == [("order-svc", f"cafe.{event}.v1")]
    assert cafe.document("order-svc", f"order:{order_id}") == stored


async def test_an_event_for_an_order_nobody_placed_is_dropped(cafe: MemoryCafe) -> None:
    cafe.tell("Paid", "unknown")
    (outcome,) = await cafe.deliver("order-svc")

    assert isinstance(outcome, Drop)
    assert not cafe.nodes["order-svc"].documents


async def test_an_event_waits_while_the_sidecar_is_away(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    cafe.tell("Paid", order_id)
    cafe.fault = FaultAt(1, "before", lambda: Unavailable("away"))

    first = await cafe.deliver("order-svc")
    second = await cafe.deliver("order-svc")

    assert not isinstance(first[0], Done | Drop)
    assert second == [Done()]
