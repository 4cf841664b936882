"""Customers who order at a steady rate on a running stack: an open model, with its own clock."""

import asyncio
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from tools.stack import Stack

ORDER: Final = {
    "cafe_id": "gangnam",
    "items": [{"menu_id": "americano", "quantity": 1}],
    "payment_method": "tok_ok",
    "fulfilment": {"method": "pickup"},
}
_LOOK_EVERY_S: Final = 0.004
_VISIBLE_WITHIN_S: Final = 30.0
_CREATED: Final = 201
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order, and how long its POST took."""

    order_id: str
    customer: str
    post_s: float


class Customers:
    """Some customers, each with a token, taking turns."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, tokens: list[str]) -> None:
        self._stack = stack
        self._session = session
        self._tokens = tokens

    @classmethod
    async def arrive(cls, stack: Stack, session: aiohttp.ClientSession, number: int) -> "Customers":
        """Sign `number` customers in."""
        tokens: list[str] = []
        for _ in range(number):
            body = {"sub": f"customer-{uuid.uuid4().hex[:8]}", "roles": ["customer"]}
            url = f"{stack.url('identity-provider')}/token"
            async with session.post(url, json=body) as answer:
                tokens.append((await answer.json())["access_token"])
        return cls(stack, session, tokens)

    async def order(self, turn: int) -> Ordered:
        """Place one order. Raises `RuntimeError` unless it is accepted."""
        token = self._tokens[turn % len(self._tokens)]
        headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex}
        started = time.perf_counter()
        url = f"{self._stack.url('order-svc')}/orders"
        async with self._session.post(url, json=ORDER, headers=headers) as answer:
            body: dict[str, Any] = await answer.json(content_type=None)
            if answer.status != _CREATED:
                raise RuntimeError(f"order refused: {answer.status} {body}")
        return Ordered(body["order_id"], token, time.perf_counter() - started)

    async def order_at(self, rate: float, number: int) -> list[Ordered]:
        """Place `number` orders at `rate` per second, whatever the answers take."""
        begin = time.perf_counter()
        running: list[asyncio.Task[Ordered]] = []
        for turn in range(number):
            await asyncio.sleep(max(0.0, begin + turn / rate - time.perf_counter()))
            running.append(asyncio.create_task(self.order(turn)))
        return list(await asyncio.gather(*running))

    async def page(self, ordered: Ordered) -> dict[str, Any]:
        """Read an order's page; empty while there is none."""
        url = f"{self._stack.url('mypage-svc')}/my-pages/{ordered.order_id}"
        headers = {"authorization": f"Bearer {ordered.customer}"}
        async with self._session.get(url, headers=headers) as answer:
            return await answer.json() if answer.status == _OK else {}

    async def seconds_to_paid(self, turn: int) -> float:
        """Order, and return the seconds from sending the POST to a page that says Paid."""
        started = time.perf_counter()
        ordered = await self.order(turn)
        while (await self.page(ordered)).get("order_status") != "Paid":
            if time.perf_counter() - started > _VISIBLE_WITHIN_S:
                raise RuntimeError(f"{ordered.order_id}: not Paid within {_VISIBLE_WITHIN_S} s")
            await asyncio.sleep(_LOOK_EVERY_S)
        return time.perf_counter() - started
