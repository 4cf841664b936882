"""After a load every order that was acknowledged must be settled, and everybody tell the same.

Read through the API server only: documents by the sidecars' state API, streams from the broker,
money from the payment gateway's ledger. The rules are those of tests/chaos/invariants.py.
"""

import base64
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import aiohttp
import valkey.asyncio

from tests.chaos.invariants import Evidence, Violation, order_id_of, violations
from tests.chaos.oracle import Oracle
from tests.chaos.records import KEYS, Broker, Documents, Records
from tests.k8s.cluster import Cluster, eventually, name_of
from tests.k8s.load_pod import Heard
from tests.siege.siege import SETTLED
from tools.launch import RUN_FILE
from tools.stack import Stack
from tools.tokens import Tokens
from tools.topology import Commands, Topology

SETTLED_WITHIN_S: Final = 300.0
DAPR_HTTP: Final = 3500


@dataclass(frozen=True)
class OneToken(Tokens):
    """The tokens of a cluster: one, in a Secret."""

    shared: str = field(default="", repr=False)

    def headers(self, app_id: str) -> dict[str, str]:
        return {"dapr-api-token": self.shared} if app_id else {}


class ClusterBroker(Broker):
    """The streams, through a port that leads to the broker."""

    def __init__(self, port: int, password: str) -> None:
        self._client = cast("Any", valkey.asyncio.Valkey(port=port, password=password))

    async def behind(self) -> dict[str, int]:
        """Return what is not delivered or not acknowledged, by topic and group; empty at rest.

        A broker that has read its file anew counts what it read in a way of its own (`lag` of
        Redis 7.0), so it is asked for ids: a group that was given the last event lacks none.
        """
        behind: dict[str, int] = {}
        topics = [t for t in await self.topics() if not t.startswith("cafe.PageChanged.")]
        for topic in topics:
            last = (await self._client.xinfo_stream(topic))["last-generated-id"]
            for group in await self._client.xinfo_groups(topic):
                undelivered = group["last-delivered-id"] != last and (group["lag"] or 0)
                if left := group["pending"] + undelivered:
                    behind[f"{topic} -> {group['name'].decode()}"] = left
        return behind


@dataclass(frozen=True, slots=True)
class Books:
    """What the installation has written down."""

    records: Records
    broker: ClusterBroker

    async def unsettled(self, ids: Iterable[str]) -> list[str]:
        """Say what still moves: orders that have not come to rest, events that wait."""
        orders, payments = await self._documents(ids, "order-svc", "payment-svc")
        left = [id_ for id_ in orders if _states(id_, orders, payments) not in SETTLED]
        told = [f"{len(left)} orders, such as {left[0]}"] if left else []
        return [
            *told,
            *(f"{n} events for {who}" for who, n in (await self.broker.behind()).items()),
        ]

    async def judge(self, oracle: Oracle) -> "Verdict":
        """Wait for the end of these orders, and compare everybody's books."""
        ids = {order_id_of(said.who, said.key) for said in oracle.places()}
        began = time.monotonic()
        await eventually(
            lambda: self.unsettled(ids),
            lambda left: not left,
            what="every order settled",
            timeout_s=SETTLED_WITHIN_S,
            every_s=1.0,
        )
        took_s = time.monotonic() - began
        orders, payments, at_cafe, rows = await self._documents(ids, *KEYS)
        money = [entry for entry in await self.records.money() if entry.reference in ids]
        said = await self.broker.said()
        seen = Evidence(oracle, orders, payments, at_cafe, rows, said, money)
        ended = Counter(_states(order_id, orders, payments) for order_id in orders)
        return Verdict(len(oracle.acknowledged()), took_s, ended, list(violations(seen)))

    async def _documents(self, ids: Iterable[str], *services: str) -> list[Documents]:
        ids = list(ids)
        return [await self.records.documents(service, ids) for service in services]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many orders were acknowledged, how they ended, what is wrong."""

    acknowledged: int
    settled_s: float
    ended: Counter[tuple[str, str]]
    found: list[Violation]

    def __str__(self) -> str:
        """Say it as the page does."""
        ended = ", ".join(f"{n} {order}/{payment}" for (order, payment), n in self.ended.items())
        told = f"{self.acknowledged} acknowledged, settled after {self.settled_s:.0f} s: {ended}"
        return f"{told}; {len(self.found)} invariants violated"


async def judged(cluster: Cluster, folder: Path, heard: Sequence[Heard]) -> Verdict:
    """Wait until every order of these loads is settled, and compare all books."""
    oracle = Oracle(folder / "oracle.jsonl")
    try:
        for each in heard:
            for said in each.said:
                oracle.note(said)
        async with opened(cluster, folder) as books:
            return await books.judge(oracle)
    finally:
        oracle.close()


@asynccontextmanager
async def opened(cluster: Cluster, folder: Path) -> AsyncGenerator[Books]:
    """Open ways to the sidecars, the broker and the payment gateway; close them at the end."""
    async with AsyncExitStack() as ways:
        ports = {
            "payment-gateway": await ways.enter_async_context(
                cluster.forwarded("service/payment-gateway", 9011)
            )
        }
        for service in KEYS:
            pod = name_of((await cluster.ready(service))[0])
            way = cluster.forwarded(f"pod/{pod}", DAPR_HTTP)
            ports[f"{service}.http"] = await ways.enter_async_context(way)
        broker_port = await ways.enter_async_context(cluster.forwarded("service/valkey", 6379))
        tokens = OneToken(shared=await secret(cluster, "dapr-api-token", "token"))
        topology = Topology(RUN_FILE, folder, Commands(), ports, tokens=tokens)
        broker = ClusterBroker(broker_port, await secret(cluster, "valkey-auth", "password"))
        ways.push_async_callback(broker.close)
        http = await ways.enter_async_context(aiohttp.ClientSession())
        yield Books(Records(Stack(topology), http), broker)


async def secret(cluster: Cluster, name: str, key: str) -> str:
    """Return a value of a Secret."""
    return decoded((await cluster.get("secret", name))["data"][key])


def decoded(value: str) -> str:
    """Return what a Secret's value says."""
    return base64.b64decode(value).decode(errors="replace")


def _states(order_id: str, orders: Documents, payments: Documents) -> tuple[str, str]:
    payment = payments[order_id]["state"]["status"] if order_id in payments else "-"
    return orders[order_id]["state"]["status"], payment
