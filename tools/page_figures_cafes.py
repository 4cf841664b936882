"""The cafes at work, for figures: customers order, baristas serve what their boards show them.

Everybody who follows something does it by a stream through the gateway, and notes when each event
of an order came to them.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from tools.stack import Stack

CAFES: Final = ("gangnam", "hongdae", "jamsil")
NEXT: Final = {"QUEUED": "accept", "ACCEPTED": "start", "MAKING": "finish", "READY": "hand-over"}
_SERVED_WITHIN_S: Final = 120.0
_LOOK_EVERY_S: Final = 0.2
_OPEN_WITHIN_S: Final = 10.0
_ORDER: Final[Mapping[str, Any]] = {
    "items": [{"menu_id": "americano", "quantity": 1}],
    "payment_method": "tok_ok",
    "fulfilment": {"method": "pickup"},
}
Json = dict[str, Any]


class Follower:
    """One stream: what it has told, and after how long."""

    def __init__(self) -> None:
        self.lags_s: list[float] = []
        """From an event's time to its arrival here, of everything but the snapshots."""
        self.open = asyncio.Event()
        self._seen: dict[str, set[str]] = {}

    def note(self, page: Json, *, live: bool) -> None:
        """Note the events of a page that were not known here."""
        seen, now = self._seen.setdefault(page["order_id"], set()), time.time()
        for moment in page["timeline"]:
            known = f"{moment['event']} {moment['at']}"
            if known not in seen:
                seen.add(known)
                if live:
                    self.lags_s.append(now - datetime.fromisoformat(moment["at"]).timestamp())


class Cafes:
    """The customers, baristas and streams of one stack."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._session = session
        self._tokens: dict[str, str] = {}
        self._steps: set[asyncio.Task[None]] = set()
        self._taken: set[tuple[str, str]] = set()
        self.served = 0

    async def order(self, customer: str, cafe_id: str) -> str:
        """Place an order and return its id. Raises `RuntimeError` unless it is accepted."""
        headers = await self._as(customer, "customer") | {"idempotency-key": uuid.uuid4().hex}
        url, body = f"{self._stack.url('order-svc')}/orders", {**_ORDER, "cafe_id": cafe_id}
        async with self._session.post(url, json=body, headers=headers) as answer:
            if answer.status != HTTPStatus.CREATED:
                raise RuntimeError(f"order refused: {answer.status} {await answer.text()}")
            return (await answer.json())["order_id"]

    async def order_at(self, rate: float, number: int, customers: int) -> list[str]:
        """Place orders at `rate` per second, whatever the answers take; return their ids."""
        begin, running = time.perf_counter(), list[asyncio.Task[str]]()
        for turn in range(number):
            await asyncio.sleep(max(0.0, begin + turn / rate - time.perf_counter()))
            order = self.order(f"customer-{turn % customers}", CAFES[turn % len(CAFES)])
            running.append(asyncio.create_task(order))
        return list(await asyncio.gather(*running))

    async def all_served(self, number: int) -> None:
        """Return when so many orders were handed over. Raises `RuntimeError` after two minutes."""
        deadline = time.perf_counter() + _SERVED_WITHIN_S
        while self.served < number:
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{self.served} of {number} orders were served in time")
            await asyncio.sleep(_LOOK_EVERY_S)
        await asyncio.gather(*self._steps)

    @asynccontextmanager
    async def follow(self, customers: int = 0, *, serve: bool) -> AsyncGenerator[list[Follower]]:
        """Follow all boards, serving what they show if asked, and the pages of some customers."""
        boards = [(f"/boards/{c}/stream", f"barista-{c}", "barista", c) for c in CAFES]
        pages = [("/my-pages/stream", f"customer-{n}", "customer", "") for n in range(customers)]
        followed = [*boards, *pages]
        followers = [Follower() for _ in followed]
        act = self._serve if serve else None
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._follow(one, path, await self._as(sub, role, cafe_id), act))
                for one, (path, sub, role, cafe_id) in zip(
                    followers, (*boards, *pages), strict=True
                )
            ]
            async with asyncio.timeout(_OPEN_WITHIN_S):
                await asyncio.gather(*(one.open.wait() for one in followers))
            yield followers
            for task in tasks:
                task.cancel()

    async def _follow(
        self,
        follower: Follower,
        path: str,
        headers: Mapping[str, str],
        act: Callable[[Json], None] | None,
    ) -> None:
        url = f"{self._stack.url('gateway')}{path}"
        async with self._session.get(url, headers=headers, timeout=aiohttp.ClientTimeout()) as got:
            got.raise_for_status()
            async for event, data in frames(got):
                follower.open.set()
                for page in data["items"] if event == "snapshot" else [data]:
                    if event != "gone":
                        follower.note(page, live=event == "page")
                        if act is not None:
                            act(page)
        raise RuntimeError(f"{path} has ended")

    def _serve(self, page: Json) -> None:
        """Take the next step of an order, once."""
        step = (page["order_id"], NEXT.get(page["cafe_status"], ""))
        if step[1] and step not in self._taken:
            self._taken.add(step)
            self._spawn(self._take(page["cafe_id"], *step))

    async def _take(self, cafe_id: str, order_id: str, step: str) -> None:
        url = f"{self._stack.url('cafe-svc')}/cafe-orders/{order_id}/{step}"
        headers = await self._as(f"barista-{cafe_id}", "barista", cafe_id)
        async with self._session.post(url, headers=headers) as answer:
            answer.raise_for_status()
        self.served += step == "hand-over"

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._steps.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Keep what has failed, for whoever waits at the end."""
        if task.cancelled() or task.exception() is None:
            self._steps.discard(task)

    async def _as(self, sub: str, role: str, cafe_id: str = "") -> dict[str, str]:
        if sub not in self._tokens:
            url = f"{self._stack.url('identity-provider')}/token"
            wish: Json = {"sub": sub, "roles": [role]} | ({"cafe_id": cafe_id} if cafe_id else {})
            async with self._session.post(url, json=wish) as answer:
                self._tokens[sub] = (await answer.json())["access_token"]
        return {"authorization": f"Bearer {self._tokens[sub]}"}


async def frames(answer: aiohttp.ClientResponse) -> AsyncGenerator[tuple[str, Json]]:
    """Read server-sent events: the name of each, and its data."""
    event = ""
    async for line in answer.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)
