"""Somebody who follows a stream of an app in this process, reads at their pace, and may go away."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message

from cafe_kit.asgi import scope_of


class Reader:
    """One request whose answer may never end. `frames`: (event, data, id) of what has come."""

    def __init__(self, app: ASGIApp, target: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.ended = False
        """Whether the answer was finished as it should be."""
        self.reads = asyncio.Event()
        """Cleared, nothing more is taken."""
        self._gone = asyncio.Event()
        self._asked = False
        self.reads.set()
        scope = scope_of("GET", target, headers or {})
        self.answered = asyncio.ensure_future(app(scope, self._receive, self._send))

    @property
    def frames(self) -> list[tuple[str, Any, int]]:
        """Return the events so far."""
        return [_event(part) for part in self.text.split("\n\n") if "event: " in part]

    @property
    def heartbeats(self) -> int:
        """Return the number of lines that only say that the stream is alive."""
        return self.text.split("\n\n").count(": ")

    @property
    def problem(self) -> Any:
        """Return the body where it is no stream."""
        return json.loads(self.text)

    async def leave(self) -> None:
        """Hang up, and wait until the app knows."""
        self._gone.set()
        await asyncio.wait_for(self.answered, 60)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        self.text += message.get("body", b"").decode()
        self.ended = not message.get("more_body", False)


def _event(part: str) -> tuple[str, Any, int]:
    lines = dict(line.split(": ", 1) for line in part.split("\n") if ": " in line)
    return lines["event"], json.loads(lines["data"]), int(lines["id"])
