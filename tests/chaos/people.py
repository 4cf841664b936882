"""Everybody who talks to the cafe from outside, as cheap as a client can be: HTTP only."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import aiohttp

from tests.chaos.oracle import CREATED, NO_ANSWER, Oracle, Said
from tools.stack import Stack
from tools.topology import names_of

PATIENCE_S: Final = 10.0
"""How long a client waits for an answer."""

LOOK_EVERY_S: Final = 0.2
"""How often a load balancer asks a replica whether it is ready."""

TOLD_MOST: Final = 300
"""Characters the oracle keeps of an answer that is not a 201."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status (0: there was none) and a body, empty where that is no JSON object."""

    status: int
    body: Json


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody with roles; baristas have a cafe."""

    sub: str
    role: str
    cafe_id: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that somebody asks for: `what` names it in the oracle."""

    what: str
    service: str
    path: str
    order_id: str = ""
    key: str = ""
    body: Json | None = None
    patience_s: float = PATIENCE_S


class Doors:
    """A load balancer: it sends to a replica that was ready when it was asked last."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, rng: random.Random) -> None:
        replicas = stack.topology.replicas
        self._session = session
        self._rng = rng
        self._all = {
            app_id: [stack.url(name) for name in names_of(app_id, replicas)]
            for app_id in stack.services
        }
        self._ready = {app_id: list(urls) for app_id, urls in self._all.items()}

    def url(self, service: str) -> str:
        """Return the base URL to use now."""
        return self._rng.choice(self._ready[service] or self._all[service])

    async def watch(self) -> None:
        """Ask all replicas for ever; a service with one of them needs no choice."""
        doors = [(app, url) for app, urls in self._all.items() if len(urls) > 1 for url in urls]
        await asyncio.gather(*(self._watch(service, url) for service, url in doors))

    async def _watch(self, service: str, url: str) -> None:
        limit = aiohttp.ClientTimeout(total=1.0)
        while True:
            try:
                async with self._session.get(f"{url}/readyz", timeout=limit) as answer:
                    ready = answer.ok
            except (aiohttp.ClientError, TimeoutError):
                ready = False
            others = [other for other in self._ready[service] if other != url]
            self._ready[service] = [*others, url] if ready else others
            await asyncio.sleep(LOOK_EVERY_S)


class People:
    """Signs people in and sends what they ask; whatever changes something goes to the oracle.

    `once` takes a new connection for each request: what is no part of the experiment must not meet
    one that a server has just closed.
    """

    def __init__(
        self,
        stack: Stack,
        session: aiohttp.ClientSession,
        once: aiohttp.ClientSession,
        oracle: Oracle,
        doors: Doors,
    ) -> None:
        self.stack = stack
        self.oracle = oracle
        self._session = session
        self._once = once
        self._doors = doors
        self._tokens: dict[Who, str] = {}

    async def get(self, who: Who, service: str, path: str) -> Answer:
        """Read something."""
        return (await self._send("GET", who, Wish("read", service, path)))[0]

    async def post(self, who: Who, wish: Wish) -> Answer:
        """Ask for a change and note what was answered."""
        at, started = time.time(), time.perf_counter()
        answer, told = await self._send("POST", who, wish)
        took_s = round(time.perf_counter() - started, 4)
        order_id = wish.order_id or answer.body.get("order_id", "")
        told = told if answer.status == CREATED else told[:TOLD_MOST]
        heard = Said(at, took_s, wish.what, who.sub, wish.key, order_id, answer.status, told)
        waited_for = wish.patience_s >= PATIENCE_S
        self.oracle.note(replace(heard, waited_for=waited_for))
        return answer

    async def token(self, who: Who) -> str:
        """Return a bearer token, the same for the same person."""
        if who not in self._tokens:
            wish: Json = {"sub": who.sub, "roles": [who.role]}
            wish |= {"cafe_id": who.cafe_id} if who.cafe_id else {}
            url = f"{self.stack.url('identity-provider')}/token"
            async with self._once.post(url, json=wish) as answer:
                self._tokens[who] = (await answer.json())["access_token"]
        return self._tokens[who]

    async def _send(self, method: str, who: Who, wish: Wish) -> tuple[Answer, str]:
        headers = {"authorization": f"Bearer {await self.token(who)}"}
        headers |= {"idempotency-key": wish.key} if wish.key else {}
        limit = aiohttp.ClientTimeout(total=wish.patience_s)
        url = self._doors.url(wish.service) + wish.path
        try:
            async with self._session.request(
                method, url, json=wish.body, headers=headers, timeout=limit
            ) as answer:
                text = await answer.text()
                return Answer(answer.status, _object(text)), text
        except (aiohttp.ClientError, TimeoutError) as error:
            return Answer(NO_ANSWER, {}), f"{url}: {error!r}"


def _object(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return cast("Json", body) if isinstance(body, dict) else {}
