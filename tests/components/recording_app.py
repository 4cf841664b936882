"""An HTTP server that answers as a test tells it and remembers what it was asked."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Call:
    """One request that arrived. Header names are lower case; `at_s` is on the monotonic clock."""

    path: str
    headers: Mapping[str, str]
    body: Any
    at_s: float


Answer = Callable[[Call], Awaitable[web.Response]]


async def succeed(_call: Call) -> web.Response:
    """Answer what a handler answers when all is well."""
    return web.json_response({"status": "SUCCESS"})


@dataclass
class RecordingApp:
    """The app behind a sidecar, or the system behind an HTTPEndpoint."""

    port: int
    answer: Answer = succeed
    calls: list[Call] = field(default_factory=list[Call])
    subscriptions: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    _runner: web.AppRunner | None = None

    def hears(self, pubsub: str, topic: str, *, dead_letter: str | None = None) -> None:
        """Subscribe to `topic` on route `/<topic>`; a sidecar reads this when it starts."""
        row = {"pubsubname": pubsub, "topic": topic, "route": f"/{topic}"}
        self.subscriptions.append(row | ({"deadLetterTopic": dead_letter} if dead_letter else {}))

    async def start(self) -> None:
        """Listen on the port of the loopback interface."""
        app = web.Application()
        app.router.add_get("/dapr/subscribe", self._list_subscriptions)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Close the port; requests in progress are cut off. Stopping twice is fine."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def called(self, *, times: int) -> list[Call]:
        """Wait for this many calls; return all there are."""
        return await wait_until(
            lambda: self.calls, lambda calls: len(calls) >= times, what=f"{times} calls of the app"
        )

    async def _list_subscriptions(self, _request: web.Request) -> web.Response:
        return web.json_response(self.subscriptions)

    async def _handle(self, request: web.Request) -> web.Response:
        if request.path == "/dapr/config":
            return web.json_response({})
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.json() if request.can_read_body else None
        call = Call(request.path_qs, headers, body, time.monotonic())
        self.calls.append(call)
        return await self.answer(call)
