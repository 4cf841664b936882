"""Where prices come from: cafe-svc's menu, kept for 5 s.

While cafe-svc is away, or takes its time, the last one serves for 10 min.
"""

import asyncio
import uuid
from collections.abc import Mapping

import pytest

from cafe_kit.memory_sidecar import Call
from cafe_kit.sidecar import Reply
from tests.memory.cafe import Answer, MemoryCafe
from tests.memory.faults import Calls
from tests.memory.journeys import PICKUP
from tests.memory.stubs import answering
from tests.waiting import wait_until


async def order(cafe: MemoryCafe, key: str) -> Answer:
    return await cafe.customer().post("/orders", PICKUP.body, idempotency_key=key)


def asked(calls: Calls) -> int:
    """Count how often order-svc has asked cafe-svc for a menu."""
    return calls.count("order-svc", "invoke", "cafe-svc/menus")


async def test_a_menu_is_kept_for_five_seconds(cafe: MemoryCafe) -> None:
    cafe.fault = calls = Calls()
    counts: list[int] = []

    for number, wait_s in enumerate([0, 4.9, 0.1, 4.9]):
        cafe.clock.advance(wait_s)
        assert (await order(cafe, str(number))).status == 201
        counts.append(asked(calls))

    assert counts == [1, 1, 2, 2]


async def test_orders_at_once_share_one_question(cafe: MemoryCafe) -> None:
    cafe.fault = calls = Calls()

    answers = await asyncio.gather(*(order(cafe, str(number)) for number in range(10)))

    assert {answer.status for answer in answers} == {201}
    assert asked(calls) == 1


GARBAGE = [
    answering(500, b"{}"),
    answering(404, b"{}"),
    answering(200, b"not json"),
    answering(200, b'{"open": true}'),
    answering(200, b'{"open": true, "items": [{"menu_id": "latte"}]}'),
]


@pytest.mark.parametrize("away", [None, *GARBAGE])
async def test_the_last_menu_serves_ten_minutes_while_the_cafe_is_away(
    cafe: MemoryCafe, away: Call | None
) -> None:
    await order(cafe, "1")
    break_cafe(cafe, away)

    cafe.clock.advance(599)
    late = await order(cafe, "2")
    cafe.clock.advance(1)
    too_late = await order(cafe, "3")

    assert (late.status, late.body["total"]["amount"]) == (201, 10_000)
    assert_try_again(too_late)


async def test_nobody_waits_for_a_slow_cafe_who_can_have_the_last_menu_and_the_next_one_has_the_new(
    cafe: MemoryCafe,
) -> None:
    await order(cafe, "1")
    quick, go_on = cafe.dapr.apps["cafe-svc"], asyncio.Event()

    async def slow(method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        await go_on.wait()
        return await quick(method, target, body, headers)

    cafe.dapr.apps["cafe-svc"] = slow
    raise_prices(cafe)
    cafe.clock.advance(60)
    meanwhile = await asyncio.wait_for(order(cafe, "2"), 5)
    go_on.set()
    later = await wait_until(
        lambda: order(cafe, str(uuid.uuid4())),
        lambda answer: answer.body["total"]["amount"] != 10_000,
        what="the new price",
    )

    assert (meanwhile.status, meanwhile.body["total"]["amount"]) == (201, 10_000)
    assert later.body["total"]["amount"] == 11_000


@pytest.mark.parametrize("away", [None, *GARBAGE])
async def test_without_any_menu_a_customer_is_told_to_try_again(
    cafe: MemoryCafe, away: Call | None
) -> None:
    break_cafe(cafe, away)

    refused = await order(cafe, "1")
    cafe.nodes["cafe-svc"].crash()
    await cafe.heal()
    granted = await order(cafe, "1")

    assert_try_again(refused)
    assert granted.status == 201
    assert "idempotent-replayed" not in granted.headers


async def test_an_order_keeps_the_price_of_its_moment(cafe: MemoryCafe) -> None:
    before = await order(cafe, "1")
    raise_prices(cafe)
    cafe.clock.advance(60)

    after = await order(cafe, "2")
    kept = await cafe.customer().get(f"/orders/{before.body['order_id']}")

    assert after.body["total"]["amount"] == 11_000
    assert kept.body["total"]["amount"] == before.body["total"]["amount"] == 10_000


def raise_prices(cafe: MemoryCafe) -> None:
    """Make every drink dearer by 500."""
    for item in cafe.document("cafe-svc", "cafe:gangnam")["state"]["items"]:
        item["price"]["amount"] += 500


def break_cafe(cafe: MemoryCafe, away: Call | None) -> None:
    """Let cafe-svc be gone, or give wrong answers."""
    if away is None:
        cafe.nodes["cafe-svc"].crash()
    else:
        cafe.dapr.apps["cafe-svc"] = away


def assert_try_again(answer: Answer) -> None:
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
