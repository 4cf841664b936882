"""People at the front door who go on ordering and looking while something happens to the stack."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.cafe import ORDER, Cafe, Person
from tests.waiting import wait_until
from tools.stack import Stack

PAGE_IS_THERE_S = 60.0


@dataclass
class Crowd:
    """People at the front door, and how often they got which answer: "old 200"."""

    cafe: Cafe
    door: httpx.AsyncClient
    answers: Counter[str] = field(default_factory=Counter[str])
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, who: Person, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask once."""
        token = await self.cafe.token(who.sub, who.roles, who.cafe_id)
        headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
        return await self.door.request(method, path, headers=headers, **more)

    def count(self, what: str, answer: httpx.Response) -> None:
        """Count an answer, one that is no success with its text."""
        told = "" if answer.is_success else f" {answer.text}"
        self.answers[f"{what} {answer.status_code}{told}"] += 1

    async def look(self, who: Person, *paths: str) -> None:
        """Look at what has been there before, again and again."""
        while not self.over.is_set():
            for path in paths:
                answer = await self.ask(who, "GET", path)
                self.count("old", answer)
            await asyncio.sleep(0.1)

    async def order(self, who: Person) -> None:
        """Order, wait for the page, cancel, and so on."""
        while not self.over.is_set():
            key = {"Idempotency-Key": str(uuid.uuid4())}
            placed = await self.ask(who, "POST", "/orders", json=ORDER, headers=key)
            self.count("order", placed)
            path = f"/my-pages/{placed.json()['order_id']}"
            await wait_until(
                lambda path=path: self.ask(who, "GET", path),
                lambda answer: answer.status_code == 200,
                what=path,
                timeout_s=PAGE_IS_THERE_S,
                every_s=0.1,
            )
            cancelled = await self.ask(who, "POST", f"{placed.headers['location']}/cancel")
            self.count("cancel", cancelled)
            await asyncio.sleep(0.5)


@asynccontextmanager
async def crowd(
    cafe: Cafe, stack: Stack, ana: Person, done: list[str]
) -> AsyncGenerator[Counter[str]]:
    """Let two customers order, ana look at her orders, and a barista at the board."""
    async with httpx.AsyncClient(base_url=stack.url("gateway"), timeout=15) as door:
        all_ = Crowd(cafe, door)
        tasks = [asyncio.create_task(all_.order(cafe.customer())) for _ in range(2)]
        pages = ["/my-pages", *(f"/my-pages/{order_id}" for order_id in done)]
        tasks.append(asyncio.create_task(all_.look(ana, *pages)))
        tasks.append(asyncio.create_task(all_.look(cafe.barista(), "/boards/gangnam")))
        try:
            yield all_.answers
        finally:
            all_.over.set()
            await asyncio.gather(*tasks)
