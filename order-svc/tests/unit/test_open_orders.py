"""How many orders a customer may have under way: counted in memory, asked only when it is many."""

import asyncio

import pytest

from cafe_kit.problems import TooMany
from order_svc.open_orders import CUSTOMERS, OpenOrders

LIMIT = 3


class Shelf:
    """Knows which orders have ended, and how often it was asked."""

    def __init__(self, *ended: str) -> None:
        self.ended = set(ended)
        self.asked: list[str] = []

    async def __call__(self, order_id: str) -> bool:
        """Tell whether an order has ended."""
        self.asked.append(order_id)
        await asyncio.sleep(0)
        return order_id in self.ended


async def place(orders: OpenOrders, customer: str, order_id: str, shelf: Shelf) -> bool:
    """Place an order; False: it is one too many."""
    try:
        await orders.enter(customer, order_id, shelf)
    except TooMany:
        return False
    return True


async def test_as_many_as_the_limit_may_be_under_way_and_it_is_named() -> None:
    orders, shelf = OpenOrders(LIMIT), Shelf()
    assert [await place(orders, "ana", f"o-{n}", shelf) for n in range(LIMIT)] == [True] * LIMIT
    assert shelf.asked == []

    with pytest.raises(TooMany, match=f"^{LIMIT} of your orders are under way"):
        await orders.enter("ana", "o-9", shelf)

    assert sorted(shelf.asked) == ["o-0", "o-1", "o-2"]


async def test_an_order_that_has_ended_frees_one_place() -> None:
    orders, shelf = OpenOrders(LIMIT), Shelf()
    for number in range(LIMIT):
        await place(orders, "ana", f"o-{number}", shelf)

    shelf.ended.add("o-1")

    assert await place(orders, "ana", "o-3", shelf)
    assert not await place(orders, "ana", "o-4", shelf)


async def test_ended_ones_are_asked_about_once() -> None:
    orders, shelf = OpenOrders(LIMIT), Shelf("o-0", "o-1", "o-2")
    for number in range(LIMIT + 1):
        await place(orders, "ana", f"o-{number}", shelf)
    shelf.asked.clear()

    assert await place(orders, "ana", "o-4", shelf)
    assert await place(orders, "ana", "o-5", shelf)

    assert shelf.asked == []


async def test_an_order_that_is_under_way_may_be_placed_again() -> None:
    orders, shelf = OpenOrders(LIMIT), Shelf()
    for number in range(LIMIT):
        await place(orders, "ana", f"o-{number}", shelf)

    assert await place(orders, "ana", "o-0", shelf)

    assert not await place(orders, "ana", "o-9", shelf)
    assert shelf.asked.count("o-0") == 1


async def test_one_customer_takes_no_place_of_another() -> None:
    orders, shelf = OpenOrders(LIMIT), Shelf()
    for number in range(LIMIT):
        await place(orders, "ana", f"o-{number}", shelf)

    assert await place(orders, "bob", "o-9", shelf)


async def test_of_many_at_once_only_as_many_as_the_limit_are_let_in() -> None:
    orders, shelf = OpenOrders(LIMIT), Shelf()

    placed = await asyncio.gather(*(place(orders, "ana", f"o-{n}", shelf) for n in range(12)))

    assert placed.count(True) == LIMIT


async def test_of_two_at_once_that_find_one_place_one_gets_it() -> None:
    orders, shelf = OpenOrders(LIMIT), Shelf("o-0")
    for number in range(LIMIT):
        await place(orders, "ana", f"o-{number}", shelf)

    placed = await asyncio.gather(*(place(orders, "ana", f"n-{n}", shelf) for n in range(2)))

    assert sorted(placed) == [False, True]
    assert not await place(orders, "ana", "o-9", shelf)


async def test_of_more_customers_than_are_remembered_the_one_not_heard_of_for_longest_goes() -> (
    None
):
    orders, shelf = OpenOrders(1), Shelf()
    await place(orders, "ana", "o-1", shelf)
    await place(orders, "bob", "o-2", shelf)
    for number in range(CUSTOMERS - 2):
        await place(orders, f"customer-{number}", "o", shelf)
    await place(orders, "ana", "o-1", shelf)

    await place(orders, "one-more", "o", shelf)

    assert not await place(orders, "ana", "another", Shelf())
    assert await place(orders, "bob", "another", Shelf())
