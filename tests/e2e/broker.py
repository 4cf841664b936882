"""The broker as an unfair one: every event said twice."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import valkey.asyncio

from tests.waiting import wait_until

Streams = list[tuple[bytes, list[tuple[bytes, dict[bytes, bytes]]]]]


TOLD_TO_THOSE_THERE = b"cafe.PageChanged.v1"
"""Groups of sidecars that are gone lag behind on it for ever (components/replicas.yaml)."""


@asynccontextmanager
async def saying_everything_twice(
    port: int, *, handled_within_s: float = 10.0
) -> AsyncGenerator[set[bytes]]:
    """Append every event a second time to its stream as soon as it is there; yields their data.

    Returns when all of them, the second ones too, have been handled.
    """
    said_again: set[bytes] = set()
    client = cast("Any", valkey.asyncio.Valkey(port=port))
    topics = [key async for key in client.scan_iter(match="cafe.*") if key != TOLD_TO_THOSE_THERE]
    begin = {topic: await _last(client, topic) for topic in topics}
    seen = dict(begin)
    over = asyncio.Event()  # and no cancellation: the client may take that for its own timeout
    echo = asyncio.create_task(_echo(client, seen, said_again, over))
    try:
        yield said_again
        await wait_until(
            lambda: _behind(client, begin, seen),
            lambda n: n == 0,
            what="all handled twice",
            timeout_s=handled_within_s,
        )
    finally:
        over.set()
        await echo
        await client.aclose()


async def _echo(
    client: Any, seen: dict[bytes, bytes], said_again: set[bytes], over: asyncio.Event
) -> None:
    while not over.is_set():
        said = cast("Streams", await client.xread(seen, block=20) or [])
        for topic, entries in said:
            for entry_id, fields in entries:
                if fields[b"data"] not in said_again:
                    said_again.add(fields[b"data"])
                    await client.xadd(topic, fields)
                seen[topic] = entry_id


async def _behind(client: Any, begin: dict[bytes, bytes], seen: dict[bytes, bytes]) -> int:
    """Count what, since the beginning, was not said again, not delivered or not acknowledged."""
    behind = 0
    for topic, first in begin.items():
        behind += await _last(client, topic) != seen[topic]
        for group in await client.xinfo_groups(topic):
            pending = client.xpending_range(topic, group["name"], b"(" + first, "+", count=100)
            behind += (group["lag"] or 0) + len(await pending)
    return behind


async def _last(client: Any, topic: bytes) -> bytes:
    return (await client.xinfo_stream(topic))["last-generated-id"]
