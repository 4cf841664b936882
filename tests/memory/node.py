"""One service as a process that can die: its app, its lifespan, and a store that outlives both."""

import asyncio
import copy
import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from fastapi import FastAPI

import cafe_svc.main
import cafe_svc.settings
import mypage_svc.main
import mypage_svc.settings
import order_svc.main
import order_svc.settings
import payment_svc.main
import payment_svc.settings
from cafe_kit import asgi, clock, settings
from cafe_kit.lifecycle import Lifecycle
from cafe_kit.memory_sidecar import Call, Hook, MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Reply, Sidecar, Stored, Write
from tests.waiting import wait_until

SettingsT = TypeVar("SettingsT", bound=settings.Settings)
Headers = Mapping[str, str]
Make = Callable[[Mapping[str, str], Sidecar, clock.Clock], FastAPI]
ENDPOINT_DEADLINE_S: Final = 0.5
START_S: Final = 60.0
"""Real time, even where the loop's is virtual: a long simulation runs with low priority."""
POLL_S: Final = 0.001
ANSWER_S: Final = 10.0
"""A service that takes longer hangs: a test must fail then, not wait."""

ACKNOWLEDGED: Final = Reply(200, b'{"status":"SUCCESS"}', {})


class Crash(BaseException):
    """The process ends here. No handler may catch it, so it is not an `Exception`."""


def forgive_crashes(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle what a loop has to report; a task that ended by a crash is none of it."""
    if not isinstance(context.get("exception"), Crash):
        loop.default_exception_handler(context)


class Clock:
    """A clock that stands still."""

    def __init__(self, now: datetime) -> None:
        self._now: datetime = now

    @property
    def now(self) -> datetime:
        return self._now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def reach(self, moment: datetime) -> None:
        """Let it be `moment`, unless it is later already."""
        self._now = max(self._now, moment)


def _made_by(
    create: Callable[[SettingsT, Sidecar, clock.Clock], FastAPI], type_: type[SettingsT]
) -> Make:
    return lambda env, sidecar, now: create(type_.from_env(env), sidecar, now)


SERVICES: Final[Mapping[str, Make]] = {
    "order-svc": _made_by(order_svc.main.create_app, order_svc.settings.Settings),
    "payment-svc": _made_by(payment_svc.main.create_app, payment_svc.settings.Settings),
    "cafe-svc": _made_by(cafe_svc.main.create_app, cafe_svc.settings.Settings),
    "mypage-svc": _made_by(mypage_svc.main.create_app, mypage_svc.settings.Settings),
}


def endpoint(app: FastAPI, deadline_s: float = ENDPOINT_DEADLINE_S) -> Call:
    """Return an external system behind the deadline that the resiliency policy gives it."""

    async def reach(method: str, target: str, body: bytes, headers: Headers) -> Reply:
        answer = asyncio.create_task(asgi.call(app, method, target, body=body, headers=headers))
        async with asyncio.timeout(deadline_s):
            # Shielded: a request whose client has gone away still takes effect.
            return await asyncio.shield(answer)

    return reach


class Interleaved(MemorySidecar):
    """Lets others run before it reads or writes, as a network does; else nothing ever races."""

    async def get(self, key: str) -> Stored | None:
        await asyncio.sleep(0)
        return await super().get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Stored]:
        await asyncio.sleep(0)
        return await super().get_many(keys)

    async def save(self, write: Write) -> None:
        await asyncio.sleep(0)
        await super().save(write)

    async def save_many(self, writes: Sequence[Write]) -> None:
        await asyncio.sleep(0)
        await super().save_many(writes)


class _Life:
    """One life of a service, from a start to a stop or a crash."""

    def __init__(
        self, app_id: str, app: FastAPI, dapr: MemoryDapr, is_lost: Callable[[str], bool]
    ) -> None:
        self._app_id = app_id
        self.app = app
        self._dapr = dapr
        self._is_lost = is_lost
        loop = asyncio.get_running_loop()
        self._stopped: asyncio.Future[None] = loop.create_future()
        self._crashed: asyncio.Future[None] = loop.create_future()
        self._task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        await self._dapr.join(self._app_id, self.call)
        async with self.app.router.lifespan_context(self.app):
            await self._stopped

    async def call(self, method: str, target: str, body: bytes, headers: Headers) -> Reply:
        """Answer one request. Raises `ConnectionResetError` when the service crashes meanwhile."""
        if target.startswith("/events/") and self._is_lost(target):
            return ACKNOWLEDGED
        answer = asyncio.create_task(
            asgi.call(self.app, method, target, body=body, headers=headers)
        )
        ended, _ = await asyncio.wait(
            (answer, self._crashed), timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED
        )
        assert ended, f"{self._app_id}: no answer to {method} {target} within {ANSWER_S} s"
        if not self._crashed.done():
            return answer.result()
        answer.cancel()
        await asyncio.gather(answer, return_exceptions=True)
        raise ConnectionResetError(f"{self._app_id} has crashed")

    async def stop(self) -> None:
        self._stopped.set_result(None)
        await self._task

    def crash(self) -> None:
        """End everything under way; nothing is closed in order."""
        if not self.crashed:
            self._crashed.set_result(None)
            self._task.cancel()

    @property
    def crashed(self) -> bool:
        return self._crashed.done()


class Node:
    """A service that can be stopped, crashed and started again over the same store.

    Each start has a sidecar of its own over the same documents: what is left of a crashed process
    (a task nobody waits for) can do no more, its next sidecar call raises `Crash`.
    """

    def __init__(
        self, app_id: str, make: Make, dapr: MemoryDapr, now: clock.Clock, env: Mapping[str, str]
    ) -> None:
        self.app_id = app_id
        self.hook: Hook | None = None
        self.loses: Callable[[str, str], bool] | None = None
        """(app id, route) of a delivery: whether it is acknowledged and never handled."""
        self.documents: dict[str, tuple[Any, str]] = {}
        self.calls: Counter[str] = Counter()
        self._make = make
        self._dapr = dapr
        self._now = now
        store = app_id.removesuffix("svc") + "store"
        self._env = {**env, "APP_ID": app_id, "STATE_STORE": store, "PUBSUB": "cafe-pubsub"}
        self._life: _Life | None = None

    @property
    def running(self) -> bool:
        return self._life is not None

    @property
    def app(self) -> FastAPI:
        assert self._life is not None
        return self._life.app

    async def start(self) -> None:
        """Start with an empty memory; return when the service is ready, or has crashed."""
        sidecar = Interleaved(self._dapr, self.app_id)
        sidecar.documents, sidecar.calls = self.documents, self.calls
        app = self._make(self._env, sidecar, self._now)
        life = self._life = _Life(self.app_id, app, self._dapr, self._is_lost)
        sidecar.hook = functools.partial(self._watch, life)
        lifecycle: Lifecycle = app.state.lifecycle
        await wait_until(
            lambda: life.crashed or not lifecycle.waiting_for,
            what=self.app_id,
            timeout_s=START_S,
            every_s=POLL_S,
        )

    async def stop(self) -> None:
        """Stop in order, if it runs."""
        if self._life is not None:
            await self._gone().stop()

    def crash(self) -> None:
        """End it as kill -9 does, if it runs."""
        if self._life is not None:
            self._gone().crash()

    def replica(self) -> "Node":
        """Return a second process of this service over the same store; it is not started."""
        other = copy.copy(self)
        other._life = None
        return other

    def _gone(self) -> _Life:
        assert self._life is not None
        life, self._life = self._life, None
        if self._dapr.apps.get(self.app_id) == life.call:
            del self._dapr.apps[self.app_id]
        return life

    def _is_lost(self, route: str) -> bool:
        return self.loses is not None and self.loses(self.app_id, route)

    def _watch(self, life: _Life, verb: str, phase: str, what: str) -> None:
        if life.crashed:
            raise Crash
        try:
            if self.hook is not None:
                self.hook(verb, phase, what)
        except Crash:
            self.crash()
            raise
