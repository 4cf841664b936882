"""How many orders one customer may have under way, as far as this process has placed them.

A brake, not a rule: kept in memory and per replica, it costs an order no call (docs/adr/0020).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from cafe_kit.problems import TooMany

CUSTOMERS: Final = 10_000
"""Customers that are remembered; the one not heard of for longest is forgotten."""


class OpenOrders:
    """Order ids by customer; one that has ended stays until the customer seems to have too many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._orders: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    async def enter(
        self, customer_id: str, order_id: str, has_ended: Callable[[str], Awaitable[bool]]
    ) -> None:
        """Count an order before it is placed; again is the same. Raises `TooMany`."""
        mine = self._orders.get(customer_id, ())
        if len(mine) >= self._limit and order_id not in mine:
            await self._forget_ended(customer_id, mine, has_ended)
        self._add(customer_id, order_id)

    async def _forget_ended(
        self, customer_id: str, mine: tuple[str, ...], has_ended: Callable[[str], Awaitable[bool]]
    ) -> None:
        ended = await asyncio.gather(*(has_ended(each) for each in mine))
        gone = {each for each, over in zip(mine, ended, strict=True) if over}
        mine = tuple(each for each in self._orders.get(customer_id, ()) if each not in gone)
        self._orders[customer_id] = mine

    def _add(self, customer_id: str, order_id: str) -> None:
        mine = self._orders.get(customer_id, ())
        if order_id not in mine and len(mine) >= self._limit:
            raise TooMany(f"{self._limit} of your orders are under way; wait until one has ended.")
        if order_id not in mine:
            self._orders[customer_id] = (*mine, order_id)
        self._orders.move_to_end(customer_id)
        while len(self._orders) > CUSTOMERS:
            self._orders.popitem(last=False)
