"""Orders as people live them: placed, paid, made, handed over, on real sidecars."""

import asyncio
import uuid

import pytest

from tests.e2e.cafe import Cafe, Person

pytestmark = pytest.mark.e2e


async def test_a_pickup_order_goes_from_post_to_completed(cafe: Cafe) -> None:
    ana, ben = customer(cafe), barista(cafe, "gangnam")

    placed = await ana.place(items=[{"menu_id": "latte", "quantity": 2}], note="oat milk")
    assert placed.status_code == 201
    order = placed.json()
    order_id = order["order_id"]
    assert placed.headers["location"] == f"/orders/{order_id}"
    assert order["total"] == {"amount": 10_000, "currency": "KRW"}

    page = await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    assert page["queue_position"] is not None
    board = (await ben.get("mypage-svc", "/boards/gangnam")).json()["items"]
    assert order_id in [item["order_id"] for item in board]

    for step, status in (
        ("accept", "ACCEPTED"),
        ("start", "MAKING"),
        ("finish", "READY"),
        ("hand-over", "PICKED_UP"),
    ):
        done = await ben.post("cafe-svc", f"/cafe-orders/{order_id}/{step}")
        assert (done.status_code, done.json()["status"]) == (200, status)

    page = await ana.page_once(order_id, "Completed")
    assert page["delivery_status"] == "Picked up"
    assert [moment["event"] for moment in page["timeline"]] == [
        "OrderPlaced",
        "Paid",
        "OrderQueued",
        "OrderAccepted",
        "MakeStarted",
        "MakeCompleted",
        "OrderPickedUp",
    ]
    assert (await ana.order_once(order_id, "COMPLETED"))["version"] == 4
    assert await cafe.ledger(order_id) == [("charge", 10_000)]
    mine = (await ana.get("mypage-svc", "/my-pages")).json()
    assert [item["order_id"] for item in mine["items"]] == [order_id]


async def test_a_delivered_order_is_accepted_automatically_and_confirmed_by_a_rider(
    cafe: Cafe,
) -> None:
    ana, ben, rio = customer(cafe), barista(cafe, "hongdae"), cafe.as_("rio", "rider")
    fulfilment = {"method": "delivery", "address": "12 Wausan-ro"}

    placed = await ana.place(cafe_id="hongdae", fulfilment=fulfilment)
    order_id = placed.json()["order_id"]

    assert (await ana.page_once(order_id, "Accepted"))["delivery_status"] == "Before delivery"
    refused = await ben.post("cafe-svc", f"/cafe-orders/{order_id}/finish")
    assert (refused.status_code, refused.json()["current_status"]) == (409, "ACCEPTED")
    for person, step in (
        (ben, "start"),
        (ben, "finish"),
        (rio, "start-delivery"),
        (rio, "confirm-delivery"),
    ):
        assert (await person.post("cafe-svc", f"/cafe-orders/{order_id}/{step}")).is_success
    page = await ana.page_once(order_id, "Completed")
    assert page["delivery_status"] == "Delivered"
    assert (await ana.order_once(order_id, "COMPLETED"))["status"] == "COMPLETED"


async def test_a_declined_card_ends_the_order_and_charges_nothing(cafe: Cafe) -> None:
    ana = customer(cafe)

    placed = await ana.place(payment_method="tok_declined")
    order_id = placed.json()["order_id"]

    assert (await ana.order_once(order_id, "CANCELLED"))["reason"] == "payment_failed"
    page = await ana.page_once(order_id, "Cancelled")
    assert [m["event"] for m in page["timeline"]] == [
        "OrderPlaced",
        "PaymentFailed",
        "OrderCancelled",
    ]
    assert await cafe.ledger(order_id) == []


@pytest.mark.parametrize("token", ["tok_500_after_charge", "tok_timeout_after_charge"])
async def test_a_charge_whose_answer_is_lost_is_made_once(cafe: Cafe, token: str) -> None:
    ana = customer(cafe)

    order_id = (await ana.place(payment_method=token)).json()["order_id"]

    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    assert await cafe.ledger(order_id) == [("charge", 4_500)]


async def test_the_same_post_again_gets_the_same_answer(cafe: Cafe) -> None:
    ana, key = customer(cafe), str(uuid.uuid4())

    first = await ana.place(key=key)
    await ana.page_once(first.json()["order_id"], "Paid")
    again = await ana.place(key=key)
    other = await ana.place(key=key, note="another body")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")


async def test_twenty_posts_at_once_with_one_key_are_one_order_and_one_charge(cafe: Cafe) -> None:
    ana, key = customer(cafe), str(uuid.uuid4())
    await cafe.token(ana.sub, ana.roles, None)

    answers = await asyncio.gather(*(ana.place(key=key) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    order_id = answers[0].json()["order_id"]
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    assert await cafe.ledger(order_id) == [("charge", 4_500)]
    mine = (await ana.get("mypage-svc", "/my-pages")).json()
    assert [item["order_id"] for item in mine["items"]] == [order_id]


async def test_what_is_asked_wrongly_is_refused_and_changes_nothing(cafe: Cafe) -> None:
    ana = customer(cafe)

    refusals = [
        await ana.place(items=[{"menu_id": "tea-of-nobody", "quantity": 1}]),
        await ana.place(items=[{"menu_id": "americano", "quantity": 1, "unit_price": 1}]),
        await ana.place(cafe_id="nowhere"),
        await ana.post("order-svc", "/orders", json={"cafe_id": "gangnam"}),
        await cafe.http.post(cafe.url("order-svc", "/orders"), json={}),
    ]

    assert [answer.status_code for answer in refusals] == [409, 422, 409, 400, 401]
    types = {answer.headers["content-type"] for answer in refusals}
    assert types == {"application/problem+json"}
    assert (await ana.get("mypage-svc", "/my-pages")).json()["items"] == []


async def test_an_order_is_nobody_elses_business(cafe: Cafe) -> None:
    ana, eve = customer(cafe), customer(cafe)
    order_id = (await ana.place()).json()["order_id"]
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")

    for service, path in (
        ("order-svc", f"/orders/{order_id}"),
        ("payment-svc", f"/payments/{order_id}"),
        ("cafe-svc", f"/cafe-orders/{order_id}"),
        ("mypage-svc", f"/my-pages/{order_id}"),
    ):
        assert (await ana.get(service, path)).status_code == 200, path
        assert (await eve.get(service, path)).status_code == 404, path
    elsewhere = barista(cafe, "jamsil")
    for answer in (
        await elsewhere.post("cafe-svc", f"/cafe-orders/{order_id}/accept"),
        await elsewhere.get("mypage-svc", "/boards/gangnam"),
        await ana.post("cafe-svc", f"/cafe-orders/{order_id}/accept"),
    ):
        assert answer.status_code == 403


def customer(cafe: Cafe) -> Person:
    """Return somebody who has never ordered."""
    return cafe.as_(f"customer-{uuid.uuid4().hex[:8]}", "customer")


def barista(cafe: Cafe, cafe_id: str) -> Person:
    """Return a barista of a cafe."""
    return cafe.as_(f"barista-{cafe_id}", "barista", cafe_id=cafe_id)
