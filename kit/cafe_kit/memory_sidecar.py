"""The sidecar port in memory: stores, streams and invocation for tests, simulation and demos.

`MemoryDapr` is the runtime that several apps share; `sidecar(app_id)` gives each its own view, with
its own store. Nothing is delivered and no job fired until the test says so, in the sequence the
test says, as often as it says. The one suite in kit/tests/sidecar_contract passes on this and on a
real daprd.
"""

import asyncio
import json
import random
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from cafe_kit import stored_json
from cafe_kit.clock import Clock, utc_now
from cafe_kit.memory_jobs import Job, MemoryJobs
from cafe_kit.outcomes import Done, Drop, Outcome, Retry
from cafe_kit.sidecar import Conflict, Rejected, Reply, Stored, Unavailable, Write, check_size
from cafe_kit.sidecar_facts import Breaker, Metadata, Subscription, subscription_of
from cafe_kit.tracing import outgoing_headers

Call = Callable[[str, str, bytes, Mapping[str, str]], Awaitable[Reply]]
"""An app or endpoint: (method, target, body, headers) -> reply. Raises OSError when it is away."""

Hook = Callable[[str, str, str], None]
"""Fault hook: (verb, phase "before" | "after", key or topic or path); it may raise."""

_JSON: Final = {"content-type": "application/json"}
_CLOUD_EVENT: Final = {"content-type": "application/cloudevents+json"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one app."""

    app_id: str
    topic: str
    route: str
    event: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class MemoryDapr:
    """Broker, scheduler and name resolution shared by the apps of one test.

    `latency_s`, where given, is slept before and after every sidecar call, so that the calls of
    several tasks interleave.
    """

    seed: int = 0
    clock: Clock = utc_now
    latency_s: Callable[[], float] | None = None
    apps: dict[str, Call] = field(default_factory=dict[str, Call])
    published: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    pending: deque[Delivery] = field(default_factory=deque[Delivery])
    dead: list[Delivery] = field(default_factory=list[Delivery])
    routes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    heard: dict[str, dict[str, Subscription]] = field(default_factory=dict[str, Any])
    dice: random.Random = field(init=False)
    jobs: MemoryJobs = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = MemoryJobs(self.clock, self.apps)
        self.dice = random.Random(self.seed)  # noqa: S311 - a seed must repeat

    def sidecar(self, app_id: str) -> "MemorySidecar":
        """Return a sidecar with an empty store."""
        return MemorySidecar(self, app_id)

    async def join(self, app_id: str, call: Call) -> None:
        """Register an app and read its subscriptions, as daprd does once at start."""
        self.apps[app_id] = call
        reply = await call("GET", "/dapr/subscribe", b"", {})
        read: list[dict[str, Any]] = json.loads(reply.body) if reply.status == HTTPStatus.OK else []
        self.routes[app_id] = {item["topic"]: item["route"] for item in read}
        self.heard[app_id] = {item["topic"]: subscription_of(item) for item in read}

    def accept(self, topic: str, event: bytes) -> None:
        """Take an event from a publisher and queue it, with the trace, for every subscriber."""
        self.published.append((topic, event))
        self._queue(topic, event, {**_CLOUD_EVENT, **outgoing_headers()})

    def _queue(self, topic: str, event: bytes, headers: Mapping[str, str]) -> None:
        for app_id, routes in self.routes.items():
            if topic in routes:
                self.pending.append(Delivery(app_id, topic, routes[topic], event, headers))

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Hand over one event; retried, it goes to the back of the queue, dropped, it is dead."""
        try:
            call = self.apps[delivery.app_id]
            reply = await call("POST", delivery.route, delivery.event, delivery.headers)
            answer = json.loads(reply.body).get("status") if reply.status == HTTPStatus.OK else None
        except (KeyError, OSError):
            answer = None
        if answer == "SUCCESS":
            return Done()
        if answer == "DROP":
            self.dead.append(delivery)
            letters = self.heard[delivery.app_id][delivery.topic].dead_letter_topic
            self._queue(letters, delivery.event, delivery.headers)
            return Drop("dropped by the handler")
        self.pending.append(delivery)
        return Retry("not handled")

    async def settle(self, *, limit: int = 10_000) -> None:
        """Deliver until nothing is pending. Raises `RuntimeError` after `limit` deliveries."""
        for _ in range(limit):
            if not self.pending:
                return
            await self.deliver(self.pending.popleft())
        raise RuntimeError(f"{len(self.pending)} events still pending after {limit} deliveries")

    def shuffle(self) -> None:
        """Reorder what is pending, reproducibly."""
        self.dice.shuffle(mixed := list(self.pending))
        self.pending = deque(mixed)

    def duplicate(self) -> None:
        """Queue everything that is pending a second time."""
        self.pending.extend(list(self.pending))


class MemorySidecar:
    """See `cafe_kit.sidecar.Sidecar`. `calls` counts verbs; `hook` injects faults."""

    def __init__(self, dapr: MemoryDapr, app_id: str, *, deadline_s: float = 5.0) -> None:
        self.dapr = dapr
        self.app_id = app_id
        self.deadline_s = deadline_s
        self.hook: Hook | None = None
        self.calls: Counter[str] = Counter()
        self.documents: dict[str, tuple[Any, str]] = {}
        self.jobs = dapr.jobs.of(app_id)

    async def get(self, key: str) -> Stored | None:
        await self._pass("get", key)
        return self._read(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Stored]:
        await self._pass("get_many", ",".join(keys))
        return {key: stored for key in keys if (stored := self._read(key)) is not None}

    async def save(self, write: Write) -> None:
        await self._pass("save", write.key)
        self._put(write)
        await self._pass("save", write.key, "after")

    async def save_many(self, writes: Sequence[Write]) -> None:
        keys = ",".join(write.key for write in writes)
        await self._pass("save_many", keys)
        lost = 0
        for write in writes:
            try:
                self._put(write)
            except Conflict:
                lost += 1
        if lost:
            raise Conflict(f"{lost} of {len(writes)} documents were written by another")
        await self._pass("save_many", keys, "after")

    async def publish(self, topic: str, event: bytes, *, pubsub: str = "") -> None:
        del pubsub  # One broker, and of each app one replica.
        await self._pass("publish", topic)
        check_size("publish", event)
        self.dapr.accept(topic, event)
        await self._pass("publish", topic, "after")

    async def invoke(
        self,
        app_id: str,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        await self._pass("invoke", f"{app_id}{path}")
        check_size("invoke", body or b"")
        if app_id not in self.dapr.apps:
            raise Unavailable(f"invoke {app_id}: no such app")
        sent = {**(_JSON if body is not None else {}), **(headers or {}), **outgoing_headers()}
        try:
            async with asyncio.timeout(self.deadline_s):
                reply = await self.dapr.apps[app_id](method, path, body or b"", sent)
        except OSError as error:  # TimeoutError is one
            raise Unavailable(f"invoke {app_id}: {error!r}") from error
        await self._pass("invoke", f"{app_id}{path}", "after")
        return reply

    async def schedule(self, name: str, *, due_s: float, data: bytes) -> None:
        await self._pass("schedule", name)
        check_size("schedule", data)
        self.jobs[name] = Job(self.dapr.clock() + timedelta(seconds=due_s), data)
        await self._pass("schedule", name, "after")

    async def unschedule(self, name: str) -> None:
        await self._pass("unschedule", name)
        self.jobs.pop(name, None)
        await self._pass("unschedule", name, "after")

    async def fire(self, name: str) -> None:
        """Make a scheduled call now."""
        await self.dapr.jobs.fire(self.app_id, name)

    async def metadata(self) -> Metadata:
        await self._pass("metadata", "")
        heard = tuple(self.dapr.heard.get(self.app_id, {}).values())
        return Metadata(self.app_id, "memory", (), heard, None)

    async def breakers(self) -> tuple[Breaker, ...]:
        await self._pass("breakers", "")
        return ()

    async def close(self) -> None:
        """There are no connections."""

    async def _pass(self, verb: str, what: str, phase: str = "before") -> None:
        if self.dapr.latency_s is not None:
            await asyncio.sleep(self.dapr.latency_s())
        self.calls[verb] += phase == "before"
        if self.hook is not None:
            self.hook(verb, phase, what)

    def _read(self, key: str) -> Stored | None:
        _check_key(key)
        if key not in self.documents:
            return None
        value, etag = self.documents[key]
        return Stored(stored_json.give(value, self.dapr.dice), etag)

    def _put(self, write: Write) -> None:
        _check_key(write.key)
        check_size("save", write.value)
        etag = self.documents[write.key][1] if write.key in self.documents else None
        if etag != write.etag:
            raise Conflict(f"save {write.key}: written by another")
        self.documents[write.key] = (stored_json.take(write.value), uuid.uuid4().hex)


def _check_key(key: str) -> None:
    if "||" in key or not key:
        raise Rejected(f"bad key {key!r}")
