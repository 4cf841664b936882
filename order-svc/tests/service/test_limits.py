"""What a customer may ask for at once: drinks of one order, and orders that have not ended."""

from collections.abc import AsyncIterator

import pytest

from tests.memory.cafe import Answer, MemoryCafe
from tests.memory.journeys import LATTES, PICKUP, play

LIMIT = 2
BODY = PICKUP.body
OTHER = BODY | {"items": [LATTES | {"quantity": 3}]}
TOO_MANY = f"{LIMIT} of your orders are under way; wait until one has ended."


@pytest.fixture
async def cafe() -> AsyncIterator[MemoryCafe]:
    settings = {"MAX_OPEN_ORDERS": str(LIMIT), "MAX_ITEMS": "2"}
    async with MemoryCafe(settings=settings) as running:
        yield running


async def order(cafe: MemoryCafe, key: str, customer: str = "ana") -> Answer:
    """Place an order."""
    return await cafe.customer(customer).post("/orders", BODY, idempotency_key=key)


async def test_one_open_order_too_many_is_429_and_leaves_nothing(cafe: MemoryCafe) -> None:
    placed = [await order(cafe, key) for key in "12"]
    documents = set(cafe.nodes["order-svc"].documents)

    refused = await order(cafe, "3")

    assert [answer.status for answer in placed] == [201, 201]
    assert (refused.status, refused.body["detail"]) == (429, TOO_MANY)
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["content-type"] == "application/problem+json"
    assert set(cafe.nodes["order-svc"].documents) == documents


@pytest.mark.parametrize("command", ["finished", "cancelled"])
async def test_an_order_that_has_ended_frees_its_place(cafe: MemoryCafe, command: str) -> None:
    first = await order(cafe, "1")
    await order(cafe, "2")
    if command == "finished":
        await play(cafe, PICKUP, "1")
    else:
        await cafe.customer().post(f"/orders/{first.body['order_id']}/cancel")
        await cafe.settle()

    assert [(await order(cafe, key)).status for key in "34"] == [201, 429]


async def test_a_placed_order_is_answered_again_even_over_the_limit(cafe: MemoryCafe) -> None:
    placed = [await order(cafe, key) for key in "12"]

    again = [await order(cafe, key) for key in "12"]

    assert [answer.body for answer in again] == [answer.body for answer in placed]
    assert {answer.headers["idempotent-replayed"] for answer in again} == {"true"}
    other = await cafe.customer().post("/orders", OTHER, idempotency_key="1")
    assert other.status == 422


async def test_an_old_order_is_answered_again_while_newer_ones_take_every_place(
    cafe: MemoryCafe,
) -> None:
    old = await order(cafe, "1")
    cafe.nodes["order-svc"].crash()
    await cafe.heal()
    for key in "23":
        assert (await order(cafe, key)).status == 201

    again = await order(cafe, "1")

    assert (again.status, again.body) == (201, old.body)


async def test_another_customer_is_not_affected(cafe: MemoryCafe) -> None:
    for key in "12":
        await order(cafe, key)

    assert (await order(cafe, "3", "bob")).status == 201


async def test_more_lines_than_the_limit_are_422_and_the_limit_is_named(cafe: MemoryCafe) -> None:
    customer = cafe.customer()
    fits, too_long = [BODY | {"items": [LATTES] * number} for number in (2, 3)]

    answer = await customer.post("/orders", too_long, idempotency_key="1")

    assert (answer.status, answer.body["detail"]) == (422, "An order has at most 2 lines.")
    assert not cafe.nodes["order-svc"].documents
    assert (await customer.post("/orders", fits, idempotency_key="1")).status == 201
