"""`POST /orders`: what is accepted, what is refused, and with which status."""

from typing import Any

import pytest

from cafe_kit.events import event_id
from tests.memory.cafe import MemoryCafe
from tests.memory.journeys import COUNTER, DOOR, LATTES, PICKUP
from tests.memory.stubs import answering, menu

BODY = PICKUP.body
PRICED = {"menu_id": "latte", "name": "Latte", "price": {"amount": 5000, "currency": "KRW"}}


def quantity(value: object) -> dict[str, Any]:
    return {"items": [{"menu_id": "latte", "quantity": value}]}


async def test_an_order_is_placed_and_reads_back(cafe: MemoryCafe) -> None:
    items = [LATTES, {"menu_id": "americano", "quantity": 1}]
    wish = BODY | {"items": items, "fulfilment": DOOR, "note": "no ice"}

    answer = await cafe.customer("ana").post("/orders", wish, idempotency_key="1")

    order_id = answer.body["order_id"]
    assert answer.status == 201
    assert answer.headers["location"] == f"/orders/{order_id}"
    assert "idempotent-replayed" not in answer.headers
    assert answer.body == {
        "order_id": order_id,
        "status": "PLACED",
        "cafe_id": "gangnam",
        "customer_id": "ana",
        "items": [
            {
                "menu_id": "latte",
                "name": "Latte",
                "quantity": 2,
                "unit_price": {"amount": 5000, "currency": "KRW"},
            },
            {
                "menu_id": "americano",
                "name": "Americano",
                "quantity": 1,
                "unit_price": {"amount": 4500, "currency": "KRW"},
            },
        ],
        "total": {"amount": 14_500, "currency": "KRW"},
        "fulfilment": {"method": "delivery", "address": "1 Teheran-ro"},
        "note": "no ice",
        "placed_at": "2026-03-02T09:00:00Z",
        "paid_at": None,
        "reason": None,
        "requested_by": None,
        "version": 1,
    }
    assert (await cafe.customer("ana").get(f"/orders/{order_id}")).body == answer.body


async def test_a_placed_order_is_announced_once_with_all_that_others_need(
    cafe: MemoryCafe,
) -> None:
    placed = await cafe.customer("ana").post("/orders", BODY, idempotency_key="1")

    order_id = placed.body["order_id"]
    (event,) = cafe.events(order_id)
    assert (event["type"], event["source"]) == ("cafe.OrderPlaced.v1", "order-svc")
    assert event["id"] == event_id(order_id, "order-svc", 1, "cafe.OrderPlaced.v1")
    assert (event["subject"], event["correlationid"]) == (order_id, order_id)
    assert event["data"] == {
        "order_id": order_id,
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "version": 1,
        "status": "PLACED",
        "occurred_at": "2026-03-02T09:00:00Z",
        "items": placed.body["items"],
        "total": {"amount": 10_000, "currency": "KRW"},
        "payment_method": "tok_ok",
        "fulfilment": {"method": "pickup", "address": None},
        "note": None,
    }


WRONG: list[dict[str, Any]] = [
    {"items": [LATTES | {"unit_price": {"amount": 1, "currency": "KRW"}}]},
    {"items": [LATTES | {"price": 1}]},
    {"total": {"amount": 1, "currency": "KRW"}},
    {"customer_id": "bob"},
    quantity(0),
    quantity(-1),
    quantity(21),
    quantity(2.5),
    quantity("2"),
    quantity(True),  # noqa: FBT003 - a JSON value
    {"items": []},
    {"items": [LATTES] * 21},
    {"items": [{"menu_id": "a||b", "quantity": 1}]},
    {"items": "latte"},
    {"cafe_id": "../gangnam"},
    {"cafe_id": ""},
    {"payment_method": "4111111111111111"},
    {"payment_method": "tok_"},
    {"fulfilment": {"method": "drone"}},
    {"fulfilment": {"method": "delivery"}},
    {"fulfilment": {"method": "delivery", "address": ""}},
    {"fulfilment": {"method": "delivery", "address": "x" * 201}},
    {"fulfilment": COUNTER | {"address": "1 Teheran-ro"}},
    {"fulfilment": None},
    {"note": "x" * 201},
    {"note": "\ud800"},
]


async def test_a_body_of_the_wrong_shape_is_422(cafe: MemoryCafe) -> None:
    ana = cafe.customer()

    for change in WRONG:
        answer = await ana.post("/orders", BODY | change, idempotency_key="1")

        assert answer.status == 422, change
        assert answer.headers["content-type"] == "application/problem+json"
        assert "4111111111111111" not in str(answer.body)
    assert not cafe.nodes["order-svc"].documents


async def test_a_body_that_lacks_a_field_is_422_and_names_it(cafe: MemoryCafe) -> None:
    for missing in BODY:
        body = {name: value for name, value in BODY.items() if name != missing}

        answer = await cafe.customer().post("/orders", body, idempotency_key="1")

        assert (answer.status, missing in answer.body["detail"]) == (422, True), missing


async def test_a_body_that_is_not_json_is_400(cafe: MemoryCafe) -> None:
    for text in (b"{", b'{"cafe_id": }', b"\xff", b"[" * 60_000):
        answer = await cafe.customer().send("POST", "/orders", text, idempotency_key="1")

        assert answer.status == 400, text[:20]
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_order_without_a_usable_idempotency_key_is_400(cafe: MemoryCafe) -> None:
    for key in ({}, {"idempotency_key": ""}, {"idempotency_key": "k" * 256}):
        answer = await cafe.customer().post("/orders", BODY, **key)

        assert answer.status == 400, key
        assert answer.headers["content-type"] == "application/problem+json"
        assert "idempotency-key" in answer.body["detail"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cafe_id": "atlantis"}, "atlantis"),
        ({"items": [LATTES, {"menu_id": "tea", "quantity": 1}]}, "tea"),
    ],
)
async def test_what_nobody_sells_is_409_and_named(
    cafe: MemoryCafe, change: dict[str, Any], named: str
) -> None:
    answer = await cafe.customer().post("/orders", BODY | change, idempotency_key="1")

    assert (answer.status, named in answer.body["detail"]) == (409, True)
    assert not cafe.nodes["order-svc"].documents


@pytest.mark.parametrize(
    ("shown", "detail"),
    [
        (menu(PRICED | {"sold_out": True}), "Sold out: latte."),
        (menu(PRICED | {"sold_out": False}, open_=False), "The cafe gangnam is closed."),
    ],
)
async def test_what_cannot_be_had_now_is_409(cafe: MemoryCafe, shown: bytes, detail: str) -> None:
    cafe.dapr.apps["cafe-svc"] = answering(200, shown)

    answer = await cafe.customer().post("/orders", BODY, idempotency_key="1")

    assert (answer.status, answer.body["detail"]) == (409, detail)
