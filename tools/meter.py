"""What an order costs on a running stack, counted from daprd's metrics and Valkey's statistics."""

import re
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self, cast

import aiohttp
import valkey

from tools.stack import Stack

_LINE: Final = re.compile(
    r"^(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>[0-9.e+]+)$", re.MULTILINE
)
_API_CALLS: Final = "dapr_http_server_request_count"
_DELIVERIES: Final = "dapr_component_pubsub_ingress_count"
_RPCS: Final = "dapr_grpc_io_client_completed_rpcs"
_JOB_CALL: Final = re.compile('Scheduler/(Schedule|Delete)Job"')
_JOB_CALLS: Final = "job calls"
_BETWEEN_REPLICAS: Final = re.compile('component="replicas"')
_TOLD: Final = "deliveries between replicas"
_LISTEN: Final = "0A"
_BY_THE_CLOCK: Final = {
    f"cmdstat_{name}" for name in ("xpending", "xreadgroup", "info", "hello", "client|setinfo")
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals since the start of the stack, or a difference of two such readings.

    `api_calls`: requests to the HTTP API of all sidecars. `job_calls`: those of them that schedule
    or delete a job. `deliveries`: events handed to apps.
    `valkey_commands`: all but what the sidecars send by the clock, load or not: XPENDING, and
    XREADGROUP, of which one per delivery is counted, as if no read ever brought two events.
    `connections`: TCP connections opened towards a sidecar, an app or a sandbox. Not to Valkey: the
    sidecars' pools grow when all topics are looked after at once, by the clock.
    """

    api_calls: float
    job_calls: float
    deliveries: float
    valkey_commands: float
    connections: float

    def __sub__(self, earlier: Self) -> "Counts":
        """Return what happened between two readings."""
        names = [field.name for field in fields(self)]
        return Counts(*(getattr(self, name) - getattr(earlier, name) for name in names))

    def per(self, orders: int) -> "Counts":
        """Return the counts per order."""
        return Counts(*(getattr(self, field.name) / orders for field in fields(self)))


class Meter:
    """Reads the counters of one stack."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._session = session
        self._client = valkey.Valkey(port=stack.topology.ports["valkey"])
        self._pairs: set[tuple[str, str]] = set()

    async def read(self) -> Counts:
        """Read every counter once."""
        totals: Counter[str] = Counter()
        for app_id in self._stack.services:
            totals += await self._sidecar(app_id)
        return Counts(
            totals[_API_CALLS],
            totals[_JOB_CALLS],
            totals[_DELIVERIES],
            self._valkey() + totals[_DELIVERIES],
            self._connections(),
        )

    async def delivered_to(self, app_id: str) -> float:
        """Return how many events one app has been handed, without what its replicas told it."""
        totals = await self._sidecar(app_id)
        return totals[_DELIVERIES] - totals[_TOLD]

    def close(self) -> None:
        """Give the connection to Valkey back."""
        self._client.close()

    async def _sidecar(self, app_id: str) -> Counter[str]:
        port = self._stack.topology.ports[f"{app_id}.metrics"]
        totals: Counter[str] = Counter()
        async with self._session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            for line in _LINE.finditer(await answer.text()):
                job_call = line["name"] == _RPCS and _JOB_CALL.search(line["labels"])
                name = _JOB_CALLS if job_call else line["name"]
                value = float(line["value"])
                totals[name] += value  # pyright: ignore[reportArgumentType]
                if name == _DELIVERIES and _BETWEEN_REPLICAS.search(line["labels"]):
                    totals[_TOLD] += value  # pyright: ignore[reportArgumentType]
        return totals

    def _valkey(self) -> float:
        # The client's own annotations are partly unknown; the shape is Valkey's.
        info = cast("Any", self._client).info("commandstats")
        stats = cast("dict[str, dict[str, int]]", info)
        return sum(stat["calls"] for name, stat in stats.items() if name not in _BY_THE_CLOCK)

    def _connections(self) -> float:
        """Count each (local, remote) pair ever seen towards a port of the stack."""
        watched = {
            f"{port:04X}"
            for name, port in self._stack.topology.ports.items()
            if name != "valkey" and not name.endswith(".metrics")
        }
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            _, local, remote, state, *_ = line.split()
            if remote.rpartition(":")[2] in watched and state != _LISTEN:
                self._pairs.add((local, remote))
        return len(self._pairs)
