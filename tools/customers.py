"""Customers who order at a steady rate on a running stack: an open model, with its own clock."""

import asyncio
import time
import uuid
from collections.abc import Callable
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
        names = [f"customer-{uuid.uuid4().hex[:8]}" for _ in range(number)]
        return cls(stack, session, [await _token(stack, session, n, "customer") for n in names])

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

    async def order_and_drink(self, turn: int, barista: str) -> None:
        """Order, and have the barista who owns this token serve it as soon as it is queued."""
        ordered = await self.order(turn)
        headers = {"authorization": f"Bearer {barista}"}
        url = f"{self._stack.url('cafe-svc')}/cafe-orders/{ordered.order_id}"
        await self._see(ordered, lambda page: "OrderQueued" in str(page))
        for step in ("accept", "start", "finish", "hand-over"):
            async with self._session.post(f"{url}/{step}", headers=headers) as answer:
                if answer.status != _OK:
                    raise RuntimeError(f"{ordered.order_id}: {step} is answered {answer.status}")

    async def barista(self) -> str:
        """Return a token of the cafe where everybody orders."""
        cafe_id = ORDER["cafe_id"]
        return await _token(self._stack, self._session, "barista", "barista", cafe_id=cafe_id)

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
        await self._see(ordered, lambda page: page.get("order_status") == "Paid")
        return time.perf_counter() - started

    async def _see(self, ordered: Ordered, there: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.perf_counter() + _VISIBLE_WITHIN_S
        while not there(await self.page(ordered)):
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{ordered.order_id}: not there within {_VISIBLE_WITHIN_S} s")
            await asyncio.sleep(_LOOK_EVERY_S)


async def _token(
    stack: Stack, session: aiohttp.ClientSession, sub: str, role: str, **claims: object
) -> str:
    url = f"{stack.url('identity-provider')}/token"
    async with session.post(url, json={"sub": sub, "roles": [role], **claims}) as answer:
        return (await answer.json())["access_token"]
