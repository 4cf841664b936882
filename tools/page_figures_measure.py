"""What the read side costs and how late it is, measured on a running stack."""

import asyncio
import os
import re
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiohttp

from tools import broker
from tools.client import RunningStack
from tools.drift import Pages
from tools.meter import Meter
from tools.page_figures_cafes import CAFES, Cafes
from tools.rebuild_plan import APP_ID, CATCH_UP_S, GUEST, ReadSide
from tools.stack import Stack

_LOOK_EVERY_S: Final = 0.1
_DRAINED_WITHIN_S: Final = 300.0
_BEGUN: Final = 0.9
"""Measured is from when a tenth is done: to start is not the projection's work."""
_BUCKET: Final = re.compile(
    r'^cafe_page_freshness_seconds_bucket\{le="([0-9.e+Inf]+)"\} ([0-9.e+]+)$', re.MULTILINE
)
Buckets = dict[float, float]
"""How many events were visible within so many seconds."""


def cpu_s(pids: Iterable[int]) -> float:
    """Return the processor time of these processes, in seconds; Linux only."""
    ticks = 0
    for pid in pids:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        user, system = after_name.split()[11:13]
        ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


async def drain(stack: Stack, batch: int, generation: str) -> float:
    """Fold all that the broker holds into new pages; return events per second of processor time.

    Counted is the time of app and sidecar. `batch` events at most are written together. Raises
    `RuntimeError` after five minutes.
    """
    side, env = ReadSide(generation, CATCH_UP_S), dict(stack.topology.app_env)
    env[APP_ID] = {**env[APP_ID], "PROJECTION_BATCH": str(batch)}
    topics = await asyncio.to_thread(Pages(RunningStack(stack.folder)).topics)
    topology = replace(stack.topology, read_side=side, app_env=env)
    with broker.connect(stack.topology.ports["valkey"]) as known:
        everything = known.left(side.group, topics)
        stack.put(replace(program, guest=True) for program in topology.replica(GUEST))
        pids = [stack.processes[name].pid for name in (GUEST, f"{GUEST}.daprd")]
        begin = await _left(known, side.group, topics, at_most=int(_BEGUN * everything))
        spent_s = -cpu_s(pids)
        await _left(known, side.group, topics, at_most=0)
        spent_s += cpu_s(pids)
        stack.drop(GUEST, f"{GUEST}.daprd")
        known.forget(side.group, topics)
    return begin / spent_s


async def _left(known: broker.Broker, group: str, topics: Collection[str], *, at_most: int) -> int:
    """Wait until no more events are left than that; return how many are."""
    deadline = time.monotonic() + _DRAINED_WITHIN_S
    while (left := known.left(group, topics)) > at_most:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} events are still to be read")
        await asyncio.sleep(_LOOK_EVERY_S)
    return left


async def freshness(
    stack: Stack, session: aiohttp.ClientSession, *, rate: float, number: int
) -> Sequence[float]:
    """Return p50 and p99, in seconds, from an event's time until its page can be read.

    Orders come at `rate` a second and are paid and queued: three events each. Calculated from the
    service's own histogram, as Prometheus does.
    """
    cafes = Cafes(stack, session)
    await cafes.order_at(20.0, number=20, customers=20)
    before = await _settled(stack, session, at_least=60)
    await cafes.order_at(rate, number, customers=20)
    after = await _settled(stack, session, at_least=60 + 3 * number)
    counted = {bound: after[bound] - before[bound] for bound in after}
    return [quantile(counted, q) for q in (0.5, 0.99)]


async def _settled(stack: Stack, session: aiohttp.ClientSession, *, at_least: int) -> Buckets:
    deadline = time.monotonic() + _DRAINED_WITHIN_S
    while True:
        async with session.get(f"{stack.url(APP_ID)}/metrics") as answer:
            found = {float(b): float(n) for b, n in _BUCKET.findall(await answer.text())}
        if found and max(found.values()) >= at_least:
            return found
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {max(found.values(), default=0)} events are visible")
        await asyncio.sleep(_LOOK_EVERY_S)


def quantile(buckets: Buckets, q: float) -> float:
    """Return a quantile, evenly spread within its bucket; the last bound but infinity at most."""
    wanted, below, lower = q * max(buckets.values()), 0.0, 0.0
    for bound, number in sorted(buckets.items()):
        if number >= wanted and bound != float("inf"):
            return lower + (bound - lower) * (wanted - below) / (number - below)
        below, lower = number, (lower if bound == float("inf") else bound)
    return lower


async def live(
    stack: Stack, session: aiohttp.ClientSession, *, rate: float, number: int, customers: int
) -> list[float]:
    """Return the seconds from an event's time to each arrival at somebody who follows, sorted.

    Orders come at `rate` a second and are served as soon as a board shows them. Every customer
    follows their pages, every cafe its board, through the gateway.
    """
    cafes = Cafes(stack, session)
    async with cafes.follow(customers, serve=True) as followers:
        await cafes.order_at(20.0, number=20, customers=customers)
        await cafes.all_served(20)
        known = [len(follower.lags_s) for follower in followers]
        await cafes.order_at(rate, number, customers)
        await cafes.all_served(20 + number)
        found = zip(followers, known, strict=True)
        return sorted(lag for follower, first in found for lag in follower.lags_s[first:])


async def growth(
    stack: Stack, session: aiohttp.ClientSession, *, hundreds: int, rate: float
) -> list[float]:
    """Return the sidecar calls per order of each hundred orders that one customer has served."""
    cafes, calls = Cafes(stack, session), list[float]()
    async with cafes.follow(serve=True):
        with closing(Meter(stack, session)) as meter:
            for turn in range(hundreds):
                before = await meter.read()
                await cafes.order_at(rate, number=100, customers=1)
                await cafes.all_served(100 * (turn + 1))
                calls.append((await meter.read() - before).per(100).api_calls)
    return calls


async def past(stack: Stack, session: aiohttp.ClientSession, *, rate: float, number: int) -> int:
    """Have so many orders served; return how many events there are now."""
    cafes = Cafes(stack, session)
    async with cafes.follow(serve=True):
        await cafes.order_at(rate, number, customers=len(CAFES) * 20)
        await cafes.all_served(number)
    topics = await asyncio.to_thread(Pages(RunningStack(stack.folder)).topics)
    with broker.connect(stack.topology.ports["valkey"]) as known:
        return known.left("nobody", topics)
