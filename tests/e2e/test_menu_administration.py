"""Baristas run their menu: prices, what is sold out, whether the cafe is open; orders follow.

order-svc and cafe-svc keep a menu for 5 s, so customers notice a change within that time.
"""

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.e2e.books import closed
from tests.e2e.cafe import Cafe, Person
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e
CAFE = "jamsil"
YUZU = {"name": "Yuzu Tea", "price": {"amount": 6_000, "currency": "KRW"}}


async def test_a_new_drink_can_be_ordered_and_a_new_price_is_charged(cafe: Cafe) -> None:
    ana, ben = cafe.customer(), cafe.barista(CAFE)

    listed = await put(ben, "yuzu-tea", YUZU)
    dearer = await put(ben, "yuzu-tea", YUZU | {"price": {"amount": 6_500, "currency": "KRW"}})

    assert (listed.status_code, dearer.status_code) == (200, 200)
    menu = (await cafe.http.get(cafe.url("cafe-svc", f"/menus?cafe_id={CAFE}"))).json()
    [yuzu] = [item for item in menu["items"] if item["menu_id"] == "yuzu-tea"]
    assert (yuzu["price"]["amount"], yuzu["sold_out"]) == (6_500, False)
    accepted = await answered(ana, "yuzu-tea", HTTPStatus.CREATED)
    assert accepted["total"]["amount"] == 6_500
    await ana.page_once(accepted["order_id"], "Paid", last_event="OrderQueued")
    assert await cafe.ledger(accepted["order_id"]) == [("charge", 6_500)]


async def test_c6_a_sold_out_drink_is_refused_by_name_until_it_is_restocked(cafe: Cafe) -> None:
    ana, ben = cafe.customer(), cafe.barista(CAFE)
    sold_out = f"/menus/{CAFE}/items/flat-white/sold-out"

    marked = [await ben.post("cafe-svc", sold_out) for _ in range(2)]

    assert [answer.status_code for answer in marked] == [200, 200]
    refused = await answered(ana, "flat-white", HTTPStatus.CONFLICT)
    assert refused["detail"] == "Sold out: flat-white."
    assert (await order(ana, "latte")).status_code == HTTPStatus.CREATED
    await ben.post("cafe-svc", f"/menus/{CAFE}/items/flat-white/restock")
    await answered(ana, "flat-white", HTTPStatus.CREATED)


async def test_c6_a_closed_cafe_takes_no_orders_and_gives_back_money_on_its_way(
    cafe: Cafe,
) -> None:
    ana, ben = cafe.customer(), cafe.barista(CAFE)
    await cafe.gateway("slow", delay_ms=1_500)
    on_its_way = await ana.ordered(cafe_id=CAFE)
    await ana.payment_once(on_its_way, "PENDING")

    shut = await ben.post("cafe-svc", f"/cafes/{CAFE}/close")

    assert (shut.status_code, shut.json()["open"]) == (200, False)
    ledger = await closed(ana, on_its_way, "REJECTED", "REFUNDED")
    assert ledger == [("charge", 4_500), ("refund", 4_500)]
    rejected = await ana.cafe_order_once(on_its_way, "REJECTED")
    assert rejected["reason"] == "closed"
    await ana.page_once(on_its_way, "Rejected", refund="Refunded")
    refused = await answered(ana, "latte", HTTPStatus.CONFLICT)
    assert refused["detail"] == f"The cafe {CAFE} is closed."
    await ben.post("cafe-svc", f"/cafes/{CAFE}/open")
    await answered(ana, "latte", HTTPStatus.CREATED)


async def test_a_menu_is_its_own_baristas_business(cafe: Cafe) -> None:
    ben, elsewhere, ana = cafe.barista(CAFE), cafe.barista("gangnam"), cafe.customer()

    answers = [
        await put(elsewhere, "yuzu-tea", YUZU),
        await put(ana, "yuzu-tea", YUZU),
        await elsewhere.post("cafe-svc", f"/cafes/{CAFE}/close"),
        await ben.post("cafe-svc", f"/menus/{CAFE}/items/tea-of-nobody/sold-out"),
        await put(ben, "yuzu-tea", YUZU | {"price": {"amount": -1, "currency": "KRW"}}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 404, 422]
    assert (await cafe.http.get(cafe.url("cafe-svc", "/cafes"))).json()["items"][2]["open"]


async def put(person: Person, menu_id: str, drink: dict[str, Any]) -> httpx.Response:
    """Put a drink on the menu."""
    path = f"/menus/{CAFE}/items/{menu_id}"
    return await person.request("PUT", "cafe-svc", path, json=drink)


async def order(ana: Person, menu_id: str) -> httpx.Response:
    """Order one drink."""
    return await ana.place(cafe_id=CAFE, items=[{"menu_id": menu_id, "quantity": 1}])


async def answered(ana: Person, menu_id: str, status: HTTPStatus) -> dict[str, Any]:
    """Order one drink again and again until the answer has this status; return its body."""
    answer = await wait_until(
        lambda: order(ana, menu_id),
        lambda answer: answer.status_code == status,
        what=f"{status} for {menu_id}",
        every_s=0.5,
    )
    return answer.json()
