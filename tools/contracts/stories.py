"""Orders played through the four real services; what they publish becomes the examples.

Everything is deterministic: ids follow from names, the clock moves only between the steps.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from fastapi import FastAPI
from pydantic_core import to_json

from cafe_kit import asgi
from cafe_kit.memory_sidecar import Call, MemoryDapr
from cafe_kit.sidecar import Reply
from cafe_sandbox.keyring import Keyring
from tools.contracts.services import AUDIENCE, ISSUER, SERVICES

Json = dict[str, Any]
START: Final = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
STEP: Final = timedelta(seconds=30)
_START_TURNS: Final = 100
_PICKUP: Final = {"method": "pickup"}
_DELIVERY: Final = {"method": "delivery", "address": "12 Teheran-ro, Seoul"}


@dataclass(frozen=True)
class Story:
    """One order: what is asked for, and the steps that barista and rider take."""

    cafe_id: str
    fulfilment: Mapping[str, str]
    steps: tuple[str, ...]
    payment_method: str = "tok_ok"


STORIES: Final = {
    "pickup": Story("gangnam", _PICKUP, ("accept", "start", "finish", "hand-over")),
    "delivery": Story(
        "jamsil",
        _DELIVERY,
        ("accept", "start", "finish", "start-delivery", "confirm-delivery"),
    ),
    "automatic-acceptance": Story("hongdae", _PICKUP, ("start", "finish", "hand-over")),
    "declined": Story("gangnam", _PICKUP, (), payment_method="tok_declined"),
}


class _World:
    """The four services over one broker in memory; `now` is their clock."""

    def __init__(self, keyring: Keyring) -> None:
        self.now = START
        self.dapr = MemoryDapr()
        self._keyring = keyring

    def _clock(self) -> datetime:
        return self.now

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Start the services and wait until they are ready."""
        self.dapr.apps["payment-gateway"] = _gateway
        self.dapr.apps["identity-provider"] = self._identity
        async with AsyncExitStack() as stack:
            for service in SERVICES:
                sidecar = self.dapr.sidecar(service.app_id)
                app = service.build(service.app_id, sidecar, self._clock)
                await self.dapr.join(service.app_id, _in_process(app))
                await stack.enter_async_context(app.router.lifespan_context(app))
            await self._ready()
            yield

    async def play(self, name: str, story: Story) -> None:
        """Place the order and take the steps. Raises `RuntimeError` where one is refused."""
        customer = self._bearer("customer-ana", "customer")
        drink = {"menu_id": "latte", "quantity": 2}
        wish = {
            "cafe_id": story.cafe_id,
            "items": [drink],
            "payment_method": story.payment_method,
            "fulfilment": story.fulfilment,
            "note": "less ice",
        }
        headers = customer | {"idempotency-key": f"example-{name}"}
        placed = await self._do("order-svc", "/orders", headers, wish)
        order_id = json.loads(placed.body)["order_id"]
        staff = {
            "barista": self._bearer("barista-bora", "barista", story.cafe_id),
            "rider": self._bearer("rider-rui", "rider"),
        }
        for step in story.steps:
            who = staff["rider" if "delivery" in step else "barista"]
            await self._do("cafe-svc", f"/cafe-orders/{order_id}/{step}", who)

    async def _ready(self) -> None:
        for service in SERVICES:
            for _ in range(_START_TURNS):
                if (await self._ask(service.app_id, "GET", "/readyz")).status == HTTPStatus.OK:
                    break
                await asyncio.sleep(0)
            else:
                raise RuntimeError(f"{service.app_id} does not become ready")

    async def _do(
        self, app_id: str, path: str, headers: Mapping[str, str], body: Json | None = None
    ) -> Reply:
        reply = await self._ask(app_id, "POST", path, to_json(body or {}), headers)
        if reply.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise RuntimeError(f"{app_id} {path}: {reply.status} {reply.body.decode()}")
        await self.dapr.settle()
        if self.dapr.dead:
            raise RuntimeError(f"{app_id} {path}: {self.dapr.dead[0]}")
        self.now += STEP
        return reply

    async def _ask(
        self,
        app_id: str,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {"content-type": "application/json", **(headers or {})}
        return await self.dapr.apps[app_id](method, path, body, sent)

    async def _identity(self, *_: object) -> Reply:
        return Reply(HTTPStatus.OK, to_json({"keys": self._keyring.public_jwks()}))

    def _bearer(self, sub: str, role: str, cafe_id: str = "") -> dict[str, str]:
        expires = START + timedelta(days=1)
        claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(expires.timestamp())}
        who = {"sub": sub, "roles": [role], "cafe_id": cafe_id}
        return {"authorization": f"Bearer {self._keyring.sign(claims | who)}"}


async def play_all() -> dict[str, dict[str, Json]]:
    """Return `topic -> story -> CloudEvent`; of a topic said twice in a story, the first."""
    examples: dict[str, dict[str, Json]] = {}
    with TemporaryDirectory() as folder:
        keyring = Keyring(Path(folder) / "keys.json")
        for name, story in STORIES.items():
            world = _World(keyring)
            async with world.running():
                await world.play(name, story)
            for topic, event in world.dapr.published:
                examples.setdefault(topic, {}).setdefault(name, json.loads(event))
    return examples


def _in_process(app: FastAPI) -> Call:
    async def served(method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        return await asgi.call(app, method, target, body=body, headers=headers)

    return served


async def _gateway(_: str, __: str, body: bytes, ___: Mapping[str, str]) -> Reply:
    charge: Json = json.loads(body)
    if charge["payment_method"] == "tok_declined":
        return Reply(HTTPStatus.PAYMENT_REQUIRED, to_json({"reason": "declined"}))
    answer = {"charge_id": f"ch-{charge['reference']}", "approval_code": "402817"}
    return Reply(HTTPStatus.CREATED, to_json(answer))
