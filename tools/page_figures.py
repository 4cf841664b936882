"""`make page-figures`: measure the read side on fresh real stacks; writes docs/figures-pages.md.

python -m tools.page_figures [--orders 600] [--repeat 3]
"""

import argparse
import asyncio
import os
import statistics
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import product
from typing import Final

import aiohttp

from tools.figures import fresh_stack
from tools.launch import ROOT, RUN_FILE
from tools.page_figures_measure import drain, freshness, growth, live, past
from tools.stack import Stack
from tools.topology import Environment, app_ids

_TARGET: Final = ROOT / "docs" / "figures-pages.md"
_BATCHES: Final = (1, 100)
_RATES: Final = {1.0: 60, 20.0: 300, 50.0: 300}
"""Orders per second, and how many orders are timed at that rate."""
_EVENTS_PER_ORDER: Final = 7
_LIVE_RATE: Final = 50 / _EVENTS_PER_ORDER
_LIVE_ORDERS: Final = 350
_CUSTOMERS: Final = 20
_HUNDREDS: Final = 10
_SERVED_AT: Final = 8.0
_PATIENT: Final[Environment] = {"PAYMENT_DEADLINE_S": "3600", "ACCEPT_DEADLINE_S": "3600"}
"""Beside what `fresh_stack` sets: no reminder looks at an order while it is counted."""
_REPORT: Final = """# Figures of the read side

Written by `make page-figures` on fresh local stacks (SQLite state, Valkey streams; all processes
and the load on one machine of {cpus} cores, load average {load_before:.1f} before and
{load_after:.1f} after). Ratios and counts hold elsewhere; times wander with the machine.

## Events per second of processor time

mypage-svc and its sidecar fold {events} events of {orders} orders, served from beginning to end,
into new pages: what a rebuild does. Processor time of both processes, once a tenth is done.
`PROJECTION_BATCH` is the most events that one write takes in.

| events in one write | median | runs |
|---|---|---|
{drains}

Together: **{ratio:.1f} times** as many (goal: 2.5).

## Freshness: from an event's time until its page can be read

| orders per second | p50 | p99 |
|---|---|---|
{fresh}

Orders that are paid and queued, three events each; from `cafe_page_freshness_seconds`.

## Live: from an event's time until those who follow have it

{live_rate:.0f} events a second ({live_orders} orders, served as soon as a board shows them),
{customers} customers and 3 boards following through the gateway, {arrivals} arrivals:

| p50 | p99 | worst |
|---|---|---|
| {p50:.0f} ms | {p99:.0f} ms | {worst:.0f} ms |

The goal is p99 below 1,000 ms.

## Growth: sidecar calls of an order, by how many the customer has had

| orders before | calls per order |
|---|---|
{growth}

Placed, paid, made and picked up, at {served_at:g} orders a second, all of one customer.
"""


async def _measure(orders: int, repeat: int) -> str:
    load_before = os.getloadavg()[0]
    async with aiohttp.ClientSession() as session:
        drained = await _drains(session, orders, repeat)
        fresh = [await _fresh_at(session, rate, number) for rate, number in _RATES.items()]
        with _fresh() as stack:
            many = {"number": _LIVE_ORDERS, "customers": _CUSTOMERS}
            lags = await live(stack, session, rate=_LIVE_RATE, **many)
            _say(f"{len(lags)} arrivals, the latest after {lags[-1]:.3f} s")
        with _fresh() as stack:
            calls = await growth(stack, session, hundreds=_HUNDREDS, rate=_SERVED_AT)
    return _REPORT.format(
        cpus=os.cpu_count(),
        load_before=load_before,
        load_after=os.getloadavg()[0],
        fresh=_rows(fresh),
        growth=_rows((f"{100 * turn}", f"{found:.1f}") for turn, found in enumerate(calls)),
        live_rate=_LIVE_RATE * _EVENTS_PER_ORDER,
        live_orders=_LIVE_ORDERS,
        customers=_CUSTOMERS,
        served_at=_SERVED_AT,
        **drained,
        **_followed(lags),
    )


async def _drains(session: aiohttp.ClientSession, orders: int, repeat: int) -> dict[str, object]:
    found: dict[int, list[float]] = {batch: [] for batch in _BATCHES}
    with _fresh() as stack:
        _say(f"Serving {orders} orders ...")
        events = await past(stack, session, rate=_SERVED_AT, number=orders)
        for turn, batch in product(range(repeat), _BATCHES):
            found[batch].append(await drain(stack, batch, f"{turn}b{batch}"))
            _say(f"{found[batch][-1]:.0f} events per second of CPU, {batch} in one write")
    one, many = medians = [statistics.median(found[batch]) for batch in _BATCHES]
    runs = [", ".join(f"{each:.0f}" for each in found[batch]) for batch in _BATCHES]
    rows = zip(map(str, _BATCHES), (f"{each:.0f}" for each in medians), runs, strict=True)
    return {"orders": orders, "events": events, "drains": _rows(rows), "ratio": many / one}


async def _fresh_at(session: aiohttp.ClientSession, rate: float, number: int) -> list[str]:
    with _fresh() as stack:
        found = await freshness(stack, session, rate=rate, number=number)
    told = [f"{rate:g}", *(f"{seconds * 1000:.0f} ms" for seconds in found)]
    _say(f"Freshness: {', '.join(told)}")
    return told


def _followed(lags: list[float]) -> dict[str, object]:
    return {
        "arrivals": len(lags),
        "p50": statistics.median(lags) * 1000,
        "p99": statistics.quantiles(lags, n=100, method="inclusive")[98] * 1000,
        "worst": lags[-1] * 1000,
    }


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _say(text: str) -> None:
    print(text, flush=True)


def _fresh() -> AbstractContextManager[Stack]:
    return fresh_stack(dict.fromkeys(app_ids(RUN_FILE), _PATIENT))


def main() -> int:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=600, help="orders replayed (default 600)")
    parser.add_argument("--repeat", type=int, default=3, help="replays per batch size (default 3)")
    arguments = parser.parse_args()
    text = asyncio.run(_measure(arguments.orders, arguments.repeat))
    _TARGET.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
