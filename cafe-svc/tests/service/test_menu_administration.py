"""A cafe's own baristas keep its menu; what they change decides what can be ordered."""

import json
from typing import Any

import pytest

from cafe_svc.catalogue import MENU_LIMIT
from tests.memory.cafe import Answer, MemoryCafe
from tests.memory.faults import FaultAt
from tests.memory.journeys import PICKUP
from tests.memory.node import Crash
from tests.memory.parts import Away, data_of, placed, refunds, statuses

LATTE, MENU, FRESH_S = "/menus/gangnam/items/latte", "/menus?cafe_id=gangnam", 5
PRICE = {"amount": 5500, "currency": "KRW"}
ALL = {
    f"PUT {LATTE}": {"name": "Latte", "price": PRICE},
    f"POST {LATTE}/sold-out": None,
    f"POST {LATTE}/restock": None,
    "POST /cafes/gangnam/open": None,
    "POST /cafes/gangnam/close": None,
}


async def change(cafe: MemoryCafe, route: str, body: object = None, at: str = "gangnam") -> Answer:
    """Send a change as a barista of the cafe `at`."""
    method, _, path = route.partition(" ")
    content = json.dumps(body).encode() if body is not None else b""
    return await cafe.barista(at).send(method, path, content)


async def menu(cafe: MemoryCafe) -> dict[str, Any]:
    """Return gangnam's menu by id, as everybody sees it."""
    answer = await cafe.caller().get(MENU)
    return {item["menu_id"]: item for item in answer.body["items"]}


async def order(cafe: MemoryCafe, key: str = "1") -> Answer:
    """Have ana order two lattes, once every cache is old."""
    await cafe.advance(FRESH_S)
    return await cafe.customer().post("/orders", PICKUP.body, idempotency_key=key)


async def test_a_drink_is_put_on_the_menu_and_changed_in_its_place(cafe: MemoryCafe) -> None:
    before = await menu(cafe)

    added = await change(
        cafe, "PUT /menus/gangnam/items/yuja-ade", {"name": "Yuja ade", "price": PRICE}
    )
    changed = await change(cafe, f"PUT {LATTE}", {"name": "Big latte", "price": PRICE})

    new = {"menu_id": "yuja-ade", "name": "Yuja ade", "price": PRICE, "sold_out": False}
    big = {"menu_id": "latte", "name": "Big latte", "price": PRICE, "sold_out": False}
    assert (added.status, added.body["items"]) == (200, [*before.values(), new])
    assert changed.status == 200
    assert await menu(cafe) == before | {"latte": big, "yuja-ade": new}
    assert list(await menu(cafe)) == [*before, "yuja-ade"]
    assert (await order(cafe)).body["total"] == {"amount": 11_000, "currency": "KRW"}


async def test_what_is_sold_out_cannot_be_ordered_until_there_is_more(cafe: MemoryCafe) -> None:
    await order(cafe, "warms the caches")

    gone = await change(cafe, f"POST {LATTE}/sold-out")
    again = await change(cafe, f"POST {LATTE}/sold-out")
    refused = await order(cafe)
    back = await change(cafe, f"POST {LATTE}/restock")
    granted = await order(cafe)

    sold_out = [
        {i["menu_id"]: i["sold_out"] for i in a.body["items"]}["latte"] for a in (gone, back)
    ]
    assert (gone.status, back.status, sold_out) == (200, 200, [True, False])
    assert (again.status, again.body) == (200, gone.body)
    assert (refused.status, refused.body["detail"]) == (409, "Sold out: latte.")
    assert granted.status == 201


async def test_a_closed_cafe_takes_no_orders_until_it_opens(cafe: MemoryCafe) -> None:
    closed = await change(cafe, "POST /cafes/gangnam/close")
    again = await change(cafe, "POST /cafes/gangnam/close")
    refused = await order(cafe)
    listed = await cafe.caller().get("/cafes")
    opened = await change(cafe, "POST /cafes/gangnam/open")
    granted = await order(cafe)

    assert (closed.body["open"], again.body, opened.body["open"]) == (False, closed.body, True)
    assert (refused.status, refused.body["detail"]) == (409, "The cafe gangnam is closed.")
    assert {each["cafe_id"]: each["open"] for each in listed.body["items"]} == {
        "gangnam": False,
        "hongdae": True,
        "jamsil": True,
    }
    assert granted.status == 201


async def test_an_order_that_is_paid_when_the_cafe_has_closed_is_rejected_and_refunded(
    cafe: MemoryCafe,
) -> None:
    order_id = await placed(cafe)
    await change(cafe, "POST /cafes/gangnam/close")

    await cafe.settle()

    rejected = data_of(cafe, order_id, "OrderRejected")
    assert (rejected["reason"], rejected["detail"], rejected["version"]) == ("closed", None, 1)
    assert await statuses(cafe, order_id) == ("REJECTED", "REFUNDED", "REJECTED")
    assert refunds(cafe, order_id) == [10_000]


async def test_what_is_queued_goes_on_when_the_cafe_closes(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    await cafe.settle()
    await change(cafe, "POST /cafes/gangnam/close")

    accepted = await cafe.barista().post(f"/cafe-orders/{order_id}/accept")

    assert (accepted.status, accepted.body["status"]) == (200, "ACCEPTED")


@pytest.mark.parametrize("route", ALL)
async def test_only_a_barista_of_that_cafe_may_change_it(cafe: MemoryCafe, route: str) -> None:
    before = cafe.document("cafe-svc", "cafe:gangnam")

    others = await change(cafe, route, ALL[route], at="jamsil")

    assert (others.status, others.body["detail"]) == (403, "This cafe is another barista's.")
    assert cafe.document("cafe-svc", "cafe:gangnam") == before


async def test_a_cafe_or_drink_nobody_knows_is_404(cafe: MemoryCafe) -> None:
    drinks = [
        await change(cafe, f"POST /menus/gangnam/items/tea/{a}") for a in ("sold-out", "restock")
    ]
    cafes = [
        await change(cafe, route.replace("gangnam", "atlantis"), body, at="atlantis")
        for route, body in ALL.items()
    ]

    no_tea, no_cafe = "There is no such drink on the menu.", "There is no such cafe."
    assert [(a.status, a.body["detail"]) for a in drinks] == [(404, no_tea)] * 2
    assert [(a.status, a.body["detail"]) for a in cafes] == [(404, no_cafe)] * len(ALL)
    assert cafe.document("cafe-svc", "cafe:atlantis") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"price": PRICE | {"amount": 0}},
        {"price": PRICE | {"amount": -1}},
        {"price": PRICE | {"amount": 10_000_001}},
        {"price": PRICE | {"amount": 1.5}},
        {"price": PRICE | {"amount": "5500"}},
        {"price": PRICE | {"currency": "EUR"}},
        {"price": PRICE | {"vat": 1}},
        {"sold_out": True},
    ],
    ids=str,
)
async def test_a_drink_of_the_wrong_shape_is_422(cafe: MemoryCafe, wrong: dict[str, Any]) -> None:
    before = await menu(cafe)

    answer = await change(cafe, f"PUT {LATTE}", {"name": "Latte", "price": PRICE} | wrong)

    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert await menu(cafe) == before


async def test_an_id_of_the_wrong_shape_is_422(cafe: MemoryCafe) -> None:
    body = {"name": "Latte", "price": PRICE}

    for menu_id in ("Latte", "-latte", "a||b", "x" * 41, "%C3%A9"):
        answer = await change(cafe, f"PUT /menus/gangnam/items/{menu_id}", body)
        assert answer.status == 422, menu_id


async def test_a_menu_has_a_limit_and_a_full_one_can_still_be_changed(cafe: MemoryCafe) -> None:
    state = cafe.document("cafe-svc", "cafe:gangnam")["state"]
    latte = next(item for item in state["items"] if item["menu_id"] == "latte")
    fill = range(MENU_LIMIT - len(state["items"]))
    state["items"] += [latte | {"menu_id": f"tea-{number}"} for number in fill]
    body = {"name": "Latte", "price": PRICE}

    refused = await change(cafe, "PUT /menus/gangnam/items/one-more", body)
    changed = await change(cafe, f"PUT {LATTE}", body)

    assert (refused.status, refused.body["detail"]) == (409, "Not now: the menu is full.")
    assert (changed.status, len(changed.body["items"])) == (200, MENU_LIMIT)


@pytest.mark.parametrize("verb", ["get", "save"])
async def test_a_change_may_be_sent_again_when_the_store_is_away(
    cafe: MemoryCafe, verb: str
) -> None:
    cafe.fault = away = Away("cafe-svc", verb)

    refused = await change(cafe, f"POST {LATTE}/sold-out")
    away.over = True
    granted = await change(cafe, f"POST {LATTE}/sold-out")

    assert (refused.status, "retry-after" in refused.headers) == (503, True)
    assert granted.status == 200
    assert (await menu(cafe))["latte"]["sold_out"]


@pytest.mark.parametrize(("phase", "stored"), [("before", False), ("after", True)])
async def test_a_change_is_stored_or_not_when_the_process_ends_meanwhile(
    cafe: MemoryCafe,
    phase: str,
    stored: bool,  # noqa: FBT001 - a column of the table
) -> None:
    cafe.fault = FaultAt(1, phase, Crash, frozenset({"save"}), "cafe-svc")

    lost = await change(cafe, "POST /cafes/gangnam/close")
    await cafe.heal()

    assert lost.status == 502
    assert (await cafe.caller().get(MENU)).body["open"] is not stored
