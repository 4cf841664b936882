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
PAID: Final = 10_000
"""Two lattes, in won."""
_START_TURNS: Final = 100
_PICKUP: Final = {"method": "pickup"}
_DELIVERY: Final = {"method": "delivery", "address": "12 Teheran-ro, Seoul"}


@dataclass(frozen=True)
class Story:
    """One order: what is asked for, and the steps that people take; "wait" is half a minute.

    `newest_first`: nothing is delivered before the last step, and then the newest event first.
    `failing_refunds`: so many times the gateway does not answer when it is to refund.
    """

    cafe_id: str
    fulfilment: Mapping[str, str]
    steps: tuple[str, ...]
    payment_method: str = "tok_ok"
    newest_first: bool = False
    failing_refunds: int = 0


STORIES: Final = {
    "pickup": Story("gangnam", _PICKUP, ("accept", "start", "finish", "hand-over")),
    "delivery": Story(
        "jamsil",
        _DELIVERY,
        ("accept", "start", "finish", "start-delivery", "confirm-delivery"),
    ),
    "automatic-acceptance": Story("hongdae", _PICKUP, ("start", "finish", "hand-over")),
    "declined": Story("gangnam", _PICKUP, (), payment_method="tok_declined"),
    "cancelled": Story("gangnam", _PICKUP, ("accept", "cancel")),
    "cancelled-before-payment": Story("gangnam", _PICKUP, ("cancel",), newest_first=True),
    "cancelled-too-late": Story("gangnam", _PICKUP, ("accept", "start", "cancel")),
    "rejected": Story("gangnam", _PICKUP, ("reject",)),
    "refund-delayed": Story("gangnam", _PICKUP, ("cancel", *5 * ("wait",)), failing_refunds=5),
    "uncollected": Story("gangnam", _PICKUP, ("accept", "start", "finish", "uncollected")),
}


class _World:
    """The four services over one broker in memory; `now` is their clock."""

    def __init__(self, keyring: Keyring) -> None:
        self.now = START
        self.dapr = MemoryDapr(clock=self._clock)
        self._keyring = keyring
        self._failing_refunds = 0

    def _clock(self) -> datetime:
        return self.now

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Start the services and wait until they are ready."""
        self.dapr.apps["payment-gateway"] = self._gateway
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
        self._failing_refunds = story.failing_refunds
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
        barista = self._bearer("barista-bora", "barista", story.cafe_id)
        rider = self._bearer("rider-rui", "rider")
        for step in story.steps:
            if not story.newest_first:
                await self._pass_time()
            if step == "cancel":
                await self._do("order-svc", f"/orders/{order_id}/cancel", customer)
            elif step != "wait":
                who = rider if "delivery" in step else barista
                body = {"reason": "too_busy"} if step == "reject" else {}
                await self._do("cafe-svc", f"/cafe-orders/{order_id}/{step}", who, body)
        while story.newest_first and self.dapr.pending:
            await self.dapr.deliver(self.dapr.pending.pop())
        await self._pass_time()

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
        if reply.status not in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            raise RuntimeError(f"{app_id} {path}: {reply.status} {reply.body.decode()}")
        return reply

    async def _pass_time(self) -> None:
        """Deliver everything, let half a minute go by, and do what is due then."""
        await self.dapr.settle()
        self.now += STEP
        while await self.dapr.jobs.fire_due():
            await self.dapr.settle()
        if self.dapr.dead:
            raise RuntimeError(f"to nobody: {self.dapr.dead[0]}")

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

    async def _gateway(self, _: str, path: str, body: bytes, __: Mapping[str, str]) -> Reply:
        wanted: Json = json.loads(body)
        if path == "/v1/refunds" and self._failing_refunds:
            self._failing_refunds -= 1
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE, b"")
        if path == "/v1/refunds":
            refund = {"refund_id": f"re-{wanted['reference']}", "amount": PAID}
            return Reply(HTTPStatus.CREATED, to_json(refund))
        if wanted["payment_method"] == "tok_declined":
            return Reply(HTTPStatus.PAYMENT_REQUIRED, to_json({"reason": "declined"}))
        charge = {"charge_id": f"ch-{wanted['reference']}", "approval_code": "402817"}
        return Reply(HTTPStatus.CREATED, to_json(charge))

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
