"""`make figures`: measure orders on a fresh real stack and write docs/figures.md.

python -m tools.figures [--seconds 60] [--rate 40]
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

import aiohttp

from tools import sizes
from tools.customers import Customers, Ordered
from tools.launch import ROOT, random_stack
from tools.meter import Counts, Meter
from tools.stack import Stack

EVENTS_TO_PAGE: Final = 3
_LOOKS: Final = 200
_QUIET_S: Final = 0.3
_CUSTOMERS: Final = 20
_WARM_UP: Final = 50
_TARGET: Final = ROOT / "docs" / "figures.md"


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

| | goal | at 1 order/s | at {rate:g} orders/s |
|---|---|---|---|
{rows}

The goal for API calls is missed. An order needs 11 without its page: POST 2 (save, publish),
payment 5 (save, charge, read, save, publish), cafe 2 (save, publish), the order hears Paid 2 (read,
save). One of them is the read between payment's two saves: a save returns no ETag, so an update
after an insert has to read. The page adds a read and a write per batch of events: three batches for
an order alone, fewer the more orders come at once. Reading a menu or a cafe again is the rest.

## What there is to read

{sizes}"""


def _report(seconds: list[float], slow: Counts, fast: Counts, rate: float) -> str:
    rows = "\n".join(
        f"| {name} | {goal} | {getattr(slow, field):.1f} | {getattr(fast, field):.1f} |"
        for name, field, goal in (
            ("sidecar API calls", "api_calls", "<= 11"),
            ("deliveries", "deliveries", "<= 6"),
            ("Valkey commands", "valkey_commands", "<= 40"),
            ("new TCP connections", "connections", "0"),
        )
    )
    return _REPORT.format(
        number=len(seconds),
        p50=statistics.median(seconds) * 1000,
        p99=statistics.quantiles(seconds, n=100, method="inclusive")[98] * 1000,
        worst=seconds[-1] * 1000,
        rate=rate,
        rows=rows,
        sizes=sizes.table(),
    )


async def _measure(rate: float, seconds: int) -> str:
    with tempfile.TemporaryDirectory() as folder, random_stack(Path(folder)) as stack:
        async with aiohttp.ClientSession() as session:
            print("Counting at 1 order/s ...", flush=True)
            slow = await count(stack, session, rate=1.0, number=seconds)
            print(f"Counting at {rate:g} orders/s ...", flush=True)
            fast = await count(stack, session, rate=rate, number=int(rate * 10))
            print(f"Timing {seconds} orders at 1/s ...", flush=True)
            return _report(await latency(stack, session, seconds), slow, fast, rate)


def main() -> int:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="orders at 1/s (default 60)")
    parser.add_argument("--rate", type=float, default=40, help="orders/s under load (default 40)")
    arguments = parser.parse_args()
    text = asyncio.run(_measure(arguments.rate, arguments.seconds))
    _TARGET.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
