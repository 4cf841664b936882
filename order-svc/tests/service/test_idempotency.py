"""The same Idempotency-Key: the same answer and one order, whatever happens in between (I9)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cafe_kit.sidecar import Unavailable
from tests.memory.cafe import MemoryCafe
from tests.memory.faults import FaultAt
from tests.memory.journeys import LATTES, PICKUP, play

BODY = PICKUP.body
OTHER = BODY | {"items": [LATTES | {"quantity": 3}]}


async def nothing(_: MemoryCafe) -> None:
    """The request is simply sent again."""


async def the_order_is_done(cafe: MemoryCafe) -> None:
    await play(cafe, PICKUP, "1")


async def order_svc_is_restarted(cafe: MemoryCafe) -> None:
    cafe.nodes["order-svc"].crash()
    await cafe.heal()


async def no_menu_is_to_be_had(cafe: MemoryCafe) -> None:
    await order_svc_is_restarted(cafe)
    cafe.nodes["cafe-svc"].crash()


async def the_drink_is_no_longer_sold(cafe: MemoryCafe) -> None:
    gangnam = cafe.document("cafe-svc", "cafe:gangnam")["state"]
    gangnam["items"] = [item for item in gangnam["items"] if item["menu_id"] != "latte"]
    cafe.clock.advance(60)


MEANWHILE = pytest.mark.parametrize(
    "meanwhile",
    [
        nothing,
        the_order_is_done,
        order_svc_is_restarted,
        no_menu_is_to_be_had,
        the_drink_is_no_longer_sold,
    ],
)
Meanwhile = Callable[[MemoryCafe], Awaitable[None]]


@MEANWHILE
async def test_the_same_request_gets_the_same_answer(
    cafe: MemoryCafe, meanwhile: Meanwhile
) -> None:
    first = await cafe.customer().post("/orders", BODY, idempotency_key="1")
    await meanwhile(cafe)

    again = await cafe.customer().post("/orders", BODY, idempotency_key="1")

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len({event["id"] for event in placed(cafe, first.body["order_id"])}) == 1


@MEANWHILE
async def test_the_same_key_with_another_body_is_422(
    cafe: MemoryCafe, meanwhile: Meanwhile
) -> None:
    first = await cafe.customer().post("/orders", BODY, idempotency_key="1")
    await meanwhile(cafe)

    other = await cafe.customer().post("/orders", OTHER, idempotency_key="1")

    assert other.status == 422
    stored = cafe.document("order-svc", f"order:{first.body['order_id']}")["state"]
    assert stored["total"] == {"amount": 10_000, "currency": "KRW"}


async def test_the_same_body_with_fields_in_another_sequence_is_the_same_request(
    cafe: MemoryCafe,
) -> None:
    backwards = {name: BODY[name] for name in reversed(BODY)} | {"note": None}
    await cafe.customer().post("/orders", BODY, idempotency_key="1")

    again = await cafe.customer().post("/orders", backwards, idempotency_key="1")

    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")


async def test_another_customers_same_key_is_another_order(cafe: MemoryCafe) -> None:
    anas = await cafe.customer("ana").post("/orders", BODY, idempotency_key="1")
    bobs = await cafe.customer("bob").post("/orders", BODY, idempotency_key="1")

    assert (anas.status, bobs.status) == (201, 201)
    assert "idempotent-replayed" not in bobs.headers
    assert anas.body["order_id"] != bobs.body["order_id"]


async def test_an_order_whose_save_seemed_to_fail_is_no_repetition(cafe: MemoryCafe) -> None:
    cafe.fault = FaultAt(1, "after", lambda: Unavailable("no answer"), frozenset({"save"}))

    answer = await cafe.customer().post("/orders", BODY, idempotency_key="1")

    assert answer.status == 201
    assert "idempotent-replayed" not in answer.headers


async def test_twenty_at_once_place_one_order(cafe: MemoryCafe) -> None:
    ana = cafe.customer()

    answers = await asyncio.gather(
        *(ana.post("/orders", BODY, idempotency_key="1") for _ in range(20))
    )
    await cafe.settle()

    (order_id,) = {answer.body["order_id"] for answer in answers}
    assert {answer.status for answer in answers} == {201}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len({event["id"] for event in placed(cafe, order_id)}) == 1
    assert list(cafe.nodes["order-svc"].documents) == [f"order:{order_id}"]
    assert cafe.charges(order_id) == [10_000]


async def test_of_two_bodies_at_once_under_one_key_one_wins(cafe: MemoryCafe) -> None:
    ana = cafe.customer()

    answers = await asyncio.gather(
        *(ana.post("/orders", body, idempotency_key="1") for body in [BODY, OTHER] * 10)
    )

    assert sorted(answer.status for answer in answers) == [201] * 10 + [422] * 10
    totals = {answer.body["total"]["amount"] for answer in answers if answer.status == 201}
    assert len(totals) == 1


def placed(cafe: MemoryCafe, order_id: str) -> list[dict[str, object]]:
    """Return the OrderPlaced events of an order, repetitions too."""
    return [e for e in cafe.events(order_id) if e["type"] == "cafe.OrderPlaced.v1"]
