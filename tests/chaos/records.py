"""What the stack has written down: documents, streams, the payment gateway's ledger.

Documents come through the sidecars' state API, so that it is the same for every store.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import aiohttp
import valkey.asyncio

from tests.chaos.people import Json
from tools.reconciliation import GatewayEntry
from tools.stack import Stack

KEYS: Final = {
    "order-svc": ("order-store", "order:"),
    "payment-svc": ("payment-store", "payment:"),
    "cafe-svc": ("cafe-store", "cafe-order:"),
    "mypage-svc": ("mypage-store", "1:page:"),
}
"""Of each service its store, and how the keys of its documents begin."""

LETTERS: Final = "cafe.dead-letter."
NOT_OF_THE_SAGA: Final = (LETTERS, "cafe.PageChanged.")
AT_ONCE: Final = 500
Documents = dict[str, Json]
Entries = list[tuple[bytes, dict[bytes, bytes]]]


@dataclass(slots=True)
class Said:
    """All that the streams hold: distinct events by order, and how often they were said."""

    by_order: dict[str, dict[str, Json]] = field(
        default_factory=lambda: defaultdict[str, dict[str, Json]](dict)
    )
    entries: int = 0
    changed: list[str] = field(default_factory=list[str])
    """Ids of events that were said again with other data."""

    def add(self, event: Json) -> None:
        """Count one entry of a stream."""
        self.entries += 1
        known = self.by_order[event["subject"]].setdefault(event["id"], event)
        if known["data"] != event["data"]:
            self.changed.append(event["id"])

    @property
    def again(self) -> int:
        """How many entries repeat an event."""
        return self.entries - sum(len(events) for events in self.by_order.values())


class Records:
    """Reads them from a running stack."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._session = session

    async def documents(self, service: str, order_ids: Iterable[str]) -> Documents:
        """Return the stored documents of these orders, by order id, where there is one."""
        store, prefix = KEYS[service]
        url = f"http://127.0.0.1:{self._stack.topology.ports[f'{service}.http']}"
        keys, found = [f"{prefix}{order_id}" for order_id in order_ids], Documents()
        for first in range(0, len(keys), AT_ONCE):
            wanted = {"keys": keys[first : first + AT_ONCE], "parallelism": 8}
            path = f"{url}/v1.0/state/{store}/bulk"
            known = self._stack.topology.tokens.headers(service)
            async with self._session.post(path, json=wanted, headers=known) as answer:
                answer.raise_for_status()
                rows = await answer.json()
            found |= {row["key"].removeprefix(prefix): row["data"] for row in rows if "data" in row}
        return found

    async def money(self) -> list[GatewayEntry]:
        """Return all that the payment gateway has moved."""
        entries: list[GatewayEntry] = []
        after: int | None = 0
        while after is not None:
            url = f"{self._stack.url('payment-gateway')}/v1/ledger?after={after}&limit=1000"
            async with self._session.get(url) as answer:
                page = await answer.json()
            entries += [
                GatewayEntry(e["reference"], e["kind"], e["amount"]) for e in page["entries"]
            ]
            after = page["next"]
        return entries


class Broker:
    """Reads the streams, and hurts them."""

    def __init__(self, stack: Stack) -> None:
        self._client = cast("Any", valkey.asyncio.Valkey(port=stack.topology.ports["valkey"]))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def topics(self) -> list[str]:
        """Return the topics there are."""
        return sorted([key.decode() async for key in self._client.scan_iter(match="cafe.*")])

    async def said(self) -> Said:
        """Read every event of the saga."""
        said = Said()
        for topic in await self.topics():
            if not topic.startswith(NOT_OF_THE_SAGA):
                await self._read(topic, said)
        return said

    async def _read(self, topic: str, said: Said) -> None:
        after = "-"
        while entries := cast("Entries", await self._client.xrange(topic, after, "+", AT_ONCE)):
            for _, fields in entries:
                said.add(json.loads(fields[b"data"]))
            after = f"({entries[-1][0].decode()}"

    async def behind(self) -> dict[str, int]:
        """Return what is not delivered or not acknowledged, by topic and group; empty at rest."""
        behind: dict[str, int] = {}
        # Each sidecar of mypage-svc that ever was has left a group on PageChanged.
        topics = [t for t in await self.topics() if not t.startswith("cafe.PageChanged.")]
        for topic in topics:
            for group in await self._client.xinfo_groups(topic):
                left = group["pending"] + (group["lag"] or 0)
                if left:
                    behind[f"{topic} -> {group['name'].decode()}"] = left
        return behind

    async def count(self, kind: Literal["letters", "paid"]) -> int:
        """Count the entries of the dead-letter streams, or of Paid."""
        begin = LETTERS if kind == "letters" else "cafe.Paid."
        topics = [topic for topic in await self.topics() if topic.startswith(begin)]
        return sum([await self._client.xlen(topic) for topic in topics])

    async def forget_groups(self) -> None:
        """Delete every consumer group of every stream."""
        for topic in await self.topics():
            for group in await self._client.xinfo_groups(topic):
                await self._client.xgroup_destroy(topic, group["name"])
