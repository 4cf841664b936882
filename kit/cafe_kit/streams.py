"""Server-sent events: streams that people follow, each with limits, heartbeats and an end.

https://html.spec.whatwg.org/multipage/server-sent-events.html. A stream ends when the caller's
token does, after `life_s`, when its reader takes nothing for `SEND_S`, or when the process is told
to stop; whoever follows it connects again and says what it saw last (`Last-Event-ID`).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cafe_kit.logs import get_logger
from cafe_kit.metrics import STREAMS
from cafe_kit.problems import TemporarilyAway, TooMany
from cafe_kit.sidecar import SidecarError

SEND_S: Final = 10.0
_RETRY: Final = b"retry: 2000\n\n"
_HEARTBEAT: Final = b": \n\n"
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Frame:
    """One event: its name, JSON text without line breaks, and where to resume after it."""

    event: str
    data: bytes
    id: int

    def encode(self) -> bytes:
        """Return it as it is sent."""
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.id, self.event.encode(), self.data)


class Feed(Protocol):
    """What a stream sends."""

    async def take(self) -> Sequence[Frame]:
        """Return what there is to send, once there is something; may be cancelled meanwhile."""
        ...

    async def look(self) -> None:
        """Find out whether something was missed. Raises `SidecarError`."""
        ...

    def close(self) -> None:
        """Nobody follows any more."""
        ...


class Streams:
    """The open streams of this process."""

    def __init__(self, *, limit: int, per_caller: int, life_s: float, look_s: float) -> None:
        self._limit = limit
        self._per_caller = per_caller
        self._life_s = life_s
        self._look_s = look_s
        self._callers: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    async def response(
        self, caller: str, begin: Callable[[], Awaitable[Feed]], *, expires_in_s: float
    ) -> Response:
        """Return the stream of a feed as an answer.

        Raises what `begin` raises, and `TooMany` or `TemporarilyAway` over a limit.
        """
        self._admit(caller)
        try:
            feed = await begin()
        except BaseException:
            self.release(caller)
            raise
        return _EventStream(self, caller, feed, min(self._life_s, expires_in_s))

    def close(self) -> None:
        """End all streams, and admit none."""
        self._closed = True
        for task in self._running:
            task.cancel()

    def _admit(self, caller: str) -> None:
        if self._closed or self._callers.total() >= self._limit:
            raise TemporarilyAway(f"At most {self._limit} streams are open at a time.")
        if self._callers[caller] >= self._per_caller:
            raise TooMany(f"You may follow at most {self._per_caller} streams at a time.")
        self._callers[caller] += 1
        STREAMS.inc()

    def release(self, caller: str) -> None:
        """A stream has ended."""
        STREAMS.dec()
        self._callers[caller] -= 1
        if not self._callers[caller]:
            del self._callers[caller]

    async def run(self, feed: Feed, life_s: float, send: Send) -> bool:
        """Send what a feed has to tell until the stream has an end.

        Return whether its reader took everything.
        """
        if self._closed:
            return True
        task = asyncio.create_task(self._write(feed, life_s, send))
        self._running.add(task)
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            if not self._closed:
                raise
        except TimeoutError:
            _log.info("stream ended: its reader takes nothing")
            return False
        finally:
            self._running.discard(task)
        return True

    async def _write(self, feed: Feed, life_s: float, send: Send) -> None:
        loop = asyncio.get_running_loop()
        end, look_at = loop.time() + life_s, loop.time() + self._look_s
        await _send(send, _RETRY)
        while (now := loop.time()) < end:
            chunk = b""
            try:
                async with asyncio.timeout(max(0.0, min(end, look_at) - now)):
                    chunk = b"".join([frame.encode() for frame in await feed.take()])
            except TimeoutError:
                look_at = loop.time() + self._look_s
                with suppress(SidecarError):  # The store is away: the next look will find it.
                    await feed.look()
                chunk = _HEARTBEAT
            await _send(send, chunk)


class _EventStream(Response):
    """The answer that does not end by itself."""

    def __init__(self, streams: Streams, caller: str, feed: Feed, life_s: float) -> None:
        super().__init__()
        self._streams = streams
        self._caller = caller
        self._feed = feed
        self._life_s = life_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        running = asyncio.create_task(self._run(send))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait((running, gone), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            for task in (running, gone):
                task.cancel()
            await asyncio.gather(running, gone, return_exceptions=True)
            self._feed.close()
            self._streams.release(self._caller)

    async def _run(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if await self._streams.run(self._feed, self._life_s, send):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, body: bytes) -> None:
    async with asyncio.timeout(SEND_S):
        await send({"type": "http.response.body", "body": body, "more_body": True})
