"""Somebody who follows a stream over HTTP, as a browser does."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.waiting import wait_until

PATIENCE_S = 30.0
"""Two looks of a stream: what no announcement told is there by then."""

Frame = tuple[str, dict[str, Any]]


class Follower:
    """One stream at a time: `frames` are the events (name, data) of all that were followed."""

    def __init__(self, bearer: str, last_id: str = "") -> None:
        self.frames: list[Frame] = []
        self.last_id = last_id
        self.ended = asyncio.Event()
        self._bearer = bearer

    async def follow(self, url: str) -> None:
        """Read until the stream ends, however it does."""
        headers = {"Authorization": f"Bearer {self._bearer}", "Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": self.last_id} if self.last_id else {}
        try:
            async with (
                httpx.AsyncClient(timeout=httpx.Timeout(10, read=None)) as http,
                http.stream("GET", url, headers=headers) as answer,
            ):
                answer.raise_for_status()
                assert answer.headers["content-type"].startswith("text/event-stream")
                await self._read(answer)
        except httpx.TransportError:
            pass  # Cut off; whoever cares looks at what has come so far.
        finally:
            self.ended.set()

    async def _read(self, answer: httpx.Response) -> None:
        event: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
            elif "data" in event:
                self.last_id = event["id"]
                self.frames.append((event["event"], json.loads(event["data"])))
                event = {}

    async def sees(self, event: str, order_id: str = "", status: str = "") -> dict[str, Any]:
        """Return the first such event as soon as it has come."""
        return (
            await wait_until(
                lambda: [
                    data for name, data in self.frames if _is(name, data, event, order_id, status)
                ],
                what=f"{event} {order_id} {status}",
                timeout_s=PATIENCE_S,
            )
        )[0]


def _is(name: str, data: dict[str, Any], event: str, order_id: str, status: str) -> bool:
    return (
        name == event
        and order_id in ("", data.get("order_id"))
        and status in ("", data.get("order_status"), data.get("delivery_status"))
    )


@asynccontextmanager
async def following(bearer: str, url: str, last_id: str = "") -> AsyncGenerator[Follower]:
    """Follow a stream as long as the block lasts."""
    follower = Follower(bearer, last_id)
    task = asyncio.create_task(follower.follow(url))
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
