"""`make figures`: measure orders on a fresh real stack and write docs/figures.md.

python -m tools.figures [--seconds 60]
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import aiohttp

from tools import sizes
from tools.customers import Customers, Ordered
from tools.launch import ROOT, RUN_FILE, random_stack
from tools.meter import Counts, Meter
from tools.stack import Stack
from tools.topology import Environment, app_ids

EVENTS_TO_PAGE: Final = 3
_LOOKS: Final = 200
_QUIET_S: Final = 0.3
_CUSTOMERS: Final = 20
_SERVED: Final = 20
_LOOKED_AFTER_S: Final = 33.0
"""After half of the payment's deadline of 60 s the last look at a served order is over."""
_NO_LOOKS: Final = {"order-svc": {"PAYMENT_DEADLINE_S": "3600", "ACCEPT_DEADLINE_S": "3600"}}
_WARM_UP: Final = 50
_RATES: Final = {1.0: 60, 40.0: 400, 100.0: 1_000}
"""Orders per second, and how many orders are counted at that rate."""
_TARGET: Final = ROOT / "docs" / "figures.md"


ALL_ARE_LET_IN: Final[Environment] = {
    "CALLER_RATE_PER_S": "1000",
    "CALLER_BURST": "1000",
    "MAX_IN_FLIGHT": "1000",
    "MAX_OPEN_ORDERS": "1000",
    "MAX_TURN_MS": "60000",
}
"""A burst is measured whole: an order that is turned away has no cost."""


async def count(
    stack: Stack, session: aiohttp.ClientSession, *, rate: float, number: int
) -> Counts:
    """Return the counts per order up to "queued at the cafe and visible on the page".

    Raises `RuntimeError` if an order does not get there.
    """
    customers = await Customers.arrive(stack, session, _CUSTOMERS)
    with closing(Meter(stack, session)) as meter:
        # A burst first: the connection pools then have the size that load needs.
        await _order_and_settle(customers, meter, rate=500.0, number=_WARM_UP)
        before = await meter.read()
        ordered = await _order_and_settle(customers, meter, rate=rate, number=number)
        counts = (await meter.read()) - before
    for order in ordered:
        page = await customers.page(order)
        if page["timeline"][-1]["event"] != "OrderQueued":
            raise RuntimeError(f"{order.order_id} is not queued: {page}")
    return counts.per(number)


async def _order_and_settle(
    customers: Customers, meter: Meter, *, rate: float, number: int
) -> list[Ordered]:
    """Order, and wait until the pages have it all; reads metrics only, which cost no call."""
    wanted = await meter.delivered_to("mypage-svc") + EVENTS_TO_PAGE * number
    ordered = await customers.order_at(rate, number)
    for _ in range(_LOOKS):
        if await meter.delivered_to("mypage-svc") >= wanted:
            await asyncio.sleep(_QUIET_S)
            return ordered
        await asyncio.sleep(_QUIET_S)
    raise RuntimeError("the events of some orders never reached their pages")


async def count_served(stack: Stack, session: aiohttp.ClientSession, number: int) -> Counts:
    """Return the counts per order of its whole life, picked up and looked after; one a second."""
    customers = await Customers.arrive(stack, session, _CUSTOMERS)
    barista = await customers.barista()
    await customers.order_and_drink(0, barista)
    await asyncio.sleep(_LOOKED_AFTER_S)
    with closing(Meter(stack, session)) as meter:
        before = await meter.read()
        running: list[asyncio.Task[None]] = []
        for turn in range(number):
            running.append(asyncio.create_task(customers.order_and_drink(turn, barista)))
            await asyncio.sleep(1.0)
        await asyncio.gather(*running)
        await asyncio.sleep(_LOOKED_AFTER_S)
        return (await meter.read() - before).per(number)


async def latency(stack: Stack, session: aiohttp.ClientSession, number: int) -> list[float]:
    """Return the seconds from POST to a page that says Paid, one order a second."""
    customers = await Customers.arrive(stack, session, _CUSTOMERS)
    for turn in range(_WARM_UP):
        await customers.seconds_to_paid(turn)
    seconds: list[float] = []
    for turn in range(number):
        taken = await customers.seconds_to_paid(turn)
        seconds.append(taken)
        await asyncio.sleep(max(0.0, 1.0 - taken))
    return sorted(seconds)


_REPORT: Final = """# Figures

Written by `make figures` on a fresh local stack (SQLite state, Valkey streams, all processes and
the load on one machine). Ratios and counts hold elsewhere; times wander with the machine.
[first-order.md](first-order.md) tells how long it takes from a clone to the first order.

## POST -> page says Paid, one order a second, {number} orders

| p50 | p99 | worst |
|---|---|---|
| {p50:.0f} ms | {p99:.0f} ms | {worst:.0f} ms |

## Counts per order, up to "queued at the cafe and visible"

Counted from daprd's metrics and Valkey's `INFO commandstats`, not estimated.
Left out is what the sidecars send by the clock, load or not: XPENDING and empty XREADGROUP.

| orders per second | goal | {rates} |
|---|---|{dashes}|
{rows}

Goals for calls and deliveries are missed where few orders come at once. An order needs 12 calls
without its page: POST 3 (a job for its deadlines, save, publish), payment 5 (save, charge, read,
save, publish), cafe 2 (save, publish), the order hears Paid 2 (read, save). One of them is the read
between payment's two saves: a save returns no ETag, so an update after an insert has to read. The
page adds a read and a write per batch of events, and tells it to the replicas at which somebody may
be following, a publish and a delivery: three batches for an order alone, fewer the more orders come
at once, and orders that come at once share a job. Reading a menu or a cafe again is the rest.

An order's whole life, until it is picked up and its deadlines are over, at one order a second:
{whole.api_calls:.3g} API calls, {whole.job_calls:.3g} of them for jobs; {whole.deliveries:.3g}
deliveries. Each of the four commands at the cafe arms a reminder that its event will be published,
and forgets it; commands that come at once share the job.

## What there is to read

{sizes}"""


def _report(seconds: list[float], counts: dict[float, Counts], whole: Counts) -> str:
    rows = "\n".join(
        f"| {name} | {goal} | {' | '.join(f'{getattr(c, field):.3g}' for c in counts.values())} |"
        for name, field, goal in (
            ("sidecar API calls", "api_calls", "<= 12"),
            ("of these, to schedule or delete a job", "job_calls", "<= 1"),
            ("deliveries", "deliveries", "<= 6"),
            ("Valkey commands", "valkey_commands", "<= 40"),
            ("new TCP connections, but to Valkey", "connections", "0"),
        )
    )
    return _REPORT.format(
        number=len(seconds),
        p50=statistics.median(seconds) * 1000,
        p99=statistics.quantiles(seconds, n=100, method="inclusive")[98] * 1000,
        worst=seconds[-1] * 1000,
        rates=" | ".join(f"{rate:g}" for rate in counts),
        dashes="|".join("---" for _ in counts),
        rows=rows,
        whole=whole,
        sizes=sizes.table(),
    )


async def _measure(seconds: int) -> str:
    async with aiohttp.ClientSession() as session:
        with fresh_stack(_NO_LOOKS) as stack:
            counts: dict[float, Counts] = {}
            for rate, number in _RATES.items():
                print(f"Counting {number} orders at {rate:g}/s ...", flush=True)
                counts[rate] = await count(stack, session, rate=rate, number=number)
            print(f"Timing {seconds} orders at 1/s ...", flush=True)
            timed = await latency(stack, session, seconds)
        with fresh_stack({}) as stack:
            print(f"Counting {_SERVED} orders that are served ...", flush=True)
            return _report(timed, counts, await count_served(stack, session, _SERVED))


@contextmanager
def fresh_stack(app_env: Mapping[str, Environment]) -> Generator[Stack]:
    """Start a stack that is gone afterwards, and lets in whatever comes."""
    env = {app_id: {**ALL_ARE_LET_IN, **app_env.get(app_id, {})} for app_id in app_ids(RUN_FILE)}
    with (
        tempfile.TemporaryDirectory() as folder,
        random_stack(Path(folder), app_env=env) as stack,
    ):
        yield stack


def main() -> int:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="orders timed at 1/s (default 60)")
    arguments = parser.parse_args()
    text = asyncio.run(_measure(arguments.seconds))
    _TARGET.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
