"""Around every request: trace and log context, a metric, who may call, and the limits."""

import asyncio
import hmac
from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cafe_kit.logs import bound
from cafe_kit.metrics import REQUESTS
from cafe_kit.problems import TemporarilyAway, TooLarge, on_bug, problem_response
from cafe_kit.tracing import span

_UNKNOWN_ROUTE: Final = "(none)"
_SIDECAR_ONLY: Final = ("/events/", "/job/", "/dapr/")
_CALLER: Final = b"dapr-caller-app-id"
_PROBES: Final = ("/livez", "/readyz", "/metrics", "/info")


class Observe:
    """Continue the caller's trace, put its ids into log lines, time the route.

    It also answers what nobody foresaw: the framework would do so only outside of the trace, and
    raise it again, whereupon the server closes a connection that daprd is about to use.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        started = perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            with span(scope["method"], headers) as ids, bound(**ids):
                try:
                    await self._app(scope, receive, watch)
                except Exception as error:
                    if status:  # The response has begun; nothing else can be told any more.
                        raise
                    await on_bug(error)(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
            REQUESTS.labels(scope["method"], route, str(status)).observe(perf_counter() - started)


class SidecarOnly:
    """Let nobody but the sidecar deliver events, fire jobs or name a calling app.

    The sidecar shows APP_API_TOKEN on all of its calls. Without `tokens` nothing is checked.
    """

    def __init__(self, app: ASGIApp, *, tokens: Sequence[str]) -> None:
        self._app = app
        self._tokens = [token.encode() for token in tokens]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._tokens and not self._may_pass(scope):
            refusal = problem_response(401, "Only this app's sidecar may call this.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        delivered, invoked = scope["path"].startswith(_SIDECAR_ONLY), _CALLER in headers
        if delivered and invoked:
            return False  # The sidecar shows its token for other apps, too: they ask, as people do.
        if not delivered and not invoked:
            return True
        shown = headers.get(b"dapr-api-token", b"")
        # Every token is compared, so that the time tells nothing.
        return any([*map(partial(hmac.compare_digest, shown), self._tokens)])


class Shed:
    """Answer 503 at once while too many requests of people are under way, or all is too slow.

    Slow is when a turn of the event loop takes longer than `max_turn_s`: then requests wait where
    nobody counts them. What the sidecar sends is limited by its own `concurrency`; probes must
    always get through. A stream counts until it begins; then `Streams` has the limits.
    """

    def __init__(self, app: ASGIApp, *, limit: int, max_turn_s: float) -> None:
        self._app = app
        self._limit = limit
        self._max_turn_s = max_turn_s
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith((*_SIDECAR_ONLY, *_PROBES)):
            await self._app(scope, receive, send)
            return
        began_s = perf_counter()
        await asyncio.sleep(0)
        slow, full = perf_counter() - began_s > self._max_turn_s, self._under_way >= self._limit
        if slow or full:
            why = f"{self._limit} requests are" if full else "more than can be done in time is"
            problem = TemporarilyAway(f"Too busy: {why} under way.")
            await problem.response()(scope, receive, send)
            return
        self._under_way += 1
        counted = True

        async def watch(message: Message) -> None:
            nonlocal counted
            if counted and message["type"] == "http.response.start" and _is_stream(message):
                counted = False
                self._under_way -= 1
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._under_way -= counted


def _is_stream(start: Message) -> bool:
    return dict(start["headers"]).get(b"content-type", b"").startswith(b"text/event-stream")


class BodyLimit:
    """Answer 413 as soon as a body is known to be over the limit; read no further.

    Events and jobs have the sidecar's own limit: a 413 would only have them sent again.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_SIDECAR_ONLY):
            await self._app(scope, receive, send)
            return
        problem = TooLarge(f"The body may have at most {self._max} bytes.")
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max:
            await problem.response()(scope, receive, send)
            return
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max:
                raise problem
            return message

        async def answer(message: Message) -> None:
            # The framework makes a 400 of whatever is raised while it reads a body.
            if seen <= self._max:
                await send(message)

        await self._app(scope, limited, answer)
        if seen > self._max:
            await problem.response()(scope, receive, send)
