"""The whole cafe in one process: the four real services and both sandboxes over one `MemoryDapr`.

Nothing is delivered before `settle`, no time passes before `advance`. A service that crashes loses
all it had in memory and keeps its store::

    async with MemoryCafe() as cafe:
        answer = await cafe.customer("ana").post("/orders", body, idempotency_key="1")
        await cafe.settle()
"""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import structlog

from cafe_kit.memory_sidecar import Call, MemoryDapr
from cafe_kit.outcomes import Outcome
from cafe_sandbox import identity, payment_gateway
from cafe_sandbox.keyring import Keyring
from cafe_sandbox.ledger import Ledger
from mypage_svc.events import PageChanged
from tests.memory.node import ANSWER_S, SERVICES, Clock, Node, endpoint, forgive_crashes

ISSUER: Final = "https://identity.cafe.example"
AUDIENCE: Final = "cafe"
START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
MAX_DELIVERIES: Final = 2_000
OWNERS: Final = {
    "orders": "order-svc",
    "payments": "payment-svc",
    "menus": "cafe-svc",
    "cafes": "cafe-svc",
    "cafe-orders": "cafe-svc",
    "my-pages": "mypage-svc",
    "boards": "mypage-svc",
}
"""Which service answers a public path, by its first segment."""

Fault = Callable[[str, str, str, str], None]
"""(app id, verb, "before" | "after", key or topic or path) of each sidecar call; it may raise."""


@functools.cache
def keyring() -> Keyring:
    """Return the identity provider's keys, the same for all tests; they cannot be rotated."""
    with TemporaryDirectory() as folder:
        return Keyring(Path(folder) / "keys.json")


@functools.cache
def signer() -> Call:
    """Return the identity provider over those keys; it has no other state."""
    return endpoint(identity.create_app(keyring(), ISSUER, AUDIENCE), ANSWER_S)


@functools.cache
def token(sub: str, *roles: str, cafe_id: str | None = None, **claims: object) -> str:
    """Return a bearer token that outlives any test; `claims` replace those it would have."""
    cafe = {"cafe_id": cafe_id} if cafe_id else {}
    known = {"iss": ISSUER, "aud": AUDIENCE, "sub": sub, "roles": roles, "exp": 2**33}
    return keyring().sign(known | cafe | claims)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is the parsed JSON. 502 stands for a service that is not running."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Caller:
    """Somebody with a token (or none), in front of all four services."""

    def __init__(self, dapr: MemoryDapr, bearer: str = "") -> None:
        self._dapr = dapr
        self._headers = {"authorization": f"Bearer {bearer}"} if bearer else {}

    async def get(self, target: str, **headers: str) -> Answer:
        return await self.send("GET", target, b"", **headers)

    async def post(self, target: str, body: object = None, **headers: str) -> Answer:
        """Send a JSON body; `idempotency_key="1"` becomes the header `Idempotency-Key`."""
        return await self.send(
            "POST", target, json.dumps(body).encode() if body else b"", **headers
        )

    async def send(
        self, method: str, target: str, body: bytes, *, app_id: str = "", **headers: str
    ) -> Answer:
        """Send to `app_id`; unless given, the owner of the path."""
        app_id = app_id or OWNERS[target.split("?", maxsplit=1)[0].split("/")[1]]
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json", **self._headers, **sent}
        try:
            reply = await self._dapr.apps[app_id](method, target, body, sent)
        except (KeyError, OSError):
            return Answer(502, None, {})
        return Answer(reply.status, json.loads(reply.body), reply.headers)


class MemoryCafe:
    """All of it; `fault` sees every sidecar call of every service."""

    def __init__(
        self,
        *,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock(START)
        self.dapr = MemoryDapr(seed, self.clock)
        self.fault: Fault | None = None
        self.gateway_ledger = Ledger(Path(":memory:"))
        env = {"APP_PORT": "1", "TOKEN_ISSUER": ISSUER, "TOKEN_AUDIENCE": AUDIENCE}
        # How fast this machine is must not decide what a test sees.
        env |= {"MAX_TURN_MS": "60000", "CALLER_BURST": "10000"} | dict(settings or {})
        self.nodes = {
            app_id: Node(app_id, make, self.dapr, self.clock, env)
            for app_id, make in SERVICES.items()
        }
        for node in self.nodes.values():
            node.hook = functools.partial(self._meet_fault, node.app_id)

    async def __aenter__(self) -> Self:
        # Lines nobody reads cost as much as the orders they tell of.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
        asyncio.get_running_loop().set_exception_handler(forgive_crashes)
        gateway = payment_gateway.create_app(self.gateway_ledger)
        self.dapr.apps |= {"payment-gateway": endpoint(gateway), "identity-provider": signer()}
        await self.heal()
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in self.nodes.values():
            await node.stop()
        self.gateway_ledger.close()

    def caller(self, bearer: str = "") -> Caller:
        return Caller(self.dapr, bearer)

    def customer(self, sub: str = "ana") -> Caller:
        return self.caller(token(sub, "customer"))

    def barista(self, cafe_id: str = "gangnam") -> Caller:
        return self.caller(token(f"barista-{cafe_id}", "barista", cafe_id=cafe_id))

    def rider(self, sub: str = "rita") -> Caller:
        return self.caller(token(sub, "rider"))

    def operator(self) -> Caller:
        return self.caller(token("olga", "operator"))

    async def settle(self) -> None:
        """Deliver until only what waits for a service that is not running is pending."""
        for _ in range(MAX_DELIVERIES):
            ready = next((d for d in self.dapr.pending if d.app_id in self.dapr.apps), None)
            if ready is None:
                return
            self.dapr.pending.remove(ready)
            await self.dapr.deliver(ready)
        raise AssertionError(f"still pending: {len(self.dapr.pending)} events")

    async def advance(
        self, seconds: float, between: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Let time pass; each job is fired when it is due, and `between` (`settle`) follows it."""
        between = between or self.settle
        end = self.clock.now + timedelta(seconds=seconds)
        while (due := self.dapr.jobs.next_due()) is not None and due <= end:
            await self.clock.reach(due)
            await self.dapr.jobs.fire_due()
            await between()
        await self.clock.reach(end)
        await between()

    async def deliver(self, app_id: str) -> list[Outcome]:
        """Deliver once what is pending for one service; what it must retry stays pending."""
        ready = [d for d in self.dapr.pending if d.app_id == app_id]
        for delivery in ready:
            self.dapr.pending.remove(delivery)
        return [await self.dapr.deliver(delivery) for delivery in ready]

    def tell(self, event: str, order_id: str, **data: object) -> None:
        """Publish an event as its owner would; `data` replaces or adds fields."""
        known = {"order_id": order_id, "customer_id": "ana", "cafe_id": "gangnam"}
        known |= {"version": 1, "status": "SOME", "occurred_at": self.clock.now.isoformat()}
        envelope = {
            "specversion": "1.0",
            "id": f"{event}/{order_id}",
            "type": f"cafe.{event}.v1",
            "source": "a-test",
            "subject": order_id,
            "time": self.clock.now.isoformat(),
            "data": known | data,
        }
        self.dapr.accept(f"cafe.{event}.v1", json.dumps(envelope).encode())

    async def heal(self) -> None:
        """Start whatever is not running."""
        for node in self.nodes.values():
            if not node.running:
                await node.start()

    def document(self, app_id: str, key: str) -> Any:
        """Return what a service's store holds under `key`, None for nothing."""
        value, _ = self.nodes[app_id].documents.get(key, (None, ""))
        return value

    def charges(self, order_id: str) -> list[int]:
        """Return the amounts the payment gateway has charged for the order, in won."""
        moves = self.gateway_ledger.movements(order_id, 0, 100)
        return [move.amount for move in moves if move.kind == "charge"]

    def events(self, order_id: str) -> list[dict[str, Any]]:
        """Return what the owners said of the order, oldest first, repetitions too."""
        said = (e for topic, e in self.dapr.published if topic != PageChanged.TOPIC)
        found = (json.loads(e) for e in said if order_id.encode() in e)
        return [event for event in found if event["subject"] == order_id]

    def _meet_fault(self, app_id: str, verb: str, phase: str, what: str) -> None:
        if self.fault is not None:
            self.fault(app_id, verb, phase, what)
