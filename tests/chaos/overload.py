"""More customers than the stack carries: it says so in time, keeps its word, and recovers.

What it carries is measured first: as many orders a second as are paid while some customers ask
again as soon as they are answered. Then people come `FACTOR` times as often, and do not ask twice.
"""

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from tests.chaos.invariants import Violation
from tests.chaos.load import Load, Stories, one_of, place_only
from tests.chaos.oracle import AWAY, CREATED, TOO_MANY
from tests.chaos.run import Play, Say

FACTOR: Final = 3.0
LASTS_S: Final = 120.0
MEASURED_S: Final = 10.0
AT_ONCE: Final = 8
CUSTOMERS: Final = 2000
PROBES: Final = 8
RECOVERS_WITHIN_S: Final = 60.0
GIVEN_UP_AFTER_S: Final = 120.0
PAID_WITHIN_S: Final = 30.0
ONLY_PLACED: Final[Stories] = {place_only: 1}
ORDERLY: Final = {CREATED, TOO_MANY, AWAY}


@dataclass(frozen=True, slots=True)
class Pace:
    """Medians, seconds: of the answer to a POST, and from it to the payment being PAID."""

    post_s: float
    paid_s: float

    def like(self, before: "Pace") -> bool:
        """Whether it is back at what it was, give or take the noise of a busy machine."""
        return self.post_s <= 2 * before.post_s + 0.05 and self.paid_s <= 2 * before.paid_s + 0.25

    def __str__(self) -> str:
        return f"POST {1000 * self.post_s:.0f} ms, Paid after {1000 * self.paid_s:.0f} ms"


async def overload(it: Play, say: Say) -> None:
    """Measure, overload, and see when the pace is back."""
    it.load.attempts, it.load.customers, it.load.stories = 1, CUSTOMERS, ONLY_PLACED
    before = await _pace(it.load)
    carried = await _carried(it)
    say(f"  before: {before}; carries {carried:.0f} orders/s, comes {FACTOR * carried:.0f}/s")
    begin = len(it.oracle.said)
    it.load.rate = FACTOR * carried
    arrivals = asyncio.create_task(it.load.arrive())
    await asyncio.sleep(LASTS_S)
    arrivals.cancel()
    back_s, after = await _back(it.load, before)
    say(f"  after {back_s:.0f} s: {after}")
    statuses = Counter(said.status for said in it.oracle.said[begin:])
    told = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    it.scene.notes.append(
        f"carries {carried:.0f} orders/s ({before}); {FACTOR:g} times that: {told}"
    )
    it.scene.notes.append(f"{back_s:.0f} s after the last of them: {after}")
    if back_s > RECOVERS_WITHIN_S:
        it.found.append(Violation("I12", f"the pace was back after {back_s:.0f} s: {after}"))
    if disorderly := {status for status in statuses if status not in ORDERLY}:
        it.found.append(Violation("I12", f"answers other than 201, 429 and 503: {disorderly}"))


async def _carried(it: Play) -> float:
    """Return the orders paid per second while `AT_ONCE` customers ask again and again."""
    until = time.monotonic() + MEASURED_S

    async def insatiable() -> None:
        while time.monotonic() < until:
            await place_only(it.load)

    paid = await it.broker.count("paid")
    await asyncio.gather(*(insatiable() for _ in range(AT_ONCE)))
    return (await it.broker.count("paid") - paid) / MEASURED_S


async def _pace(load: Load) -> Pace:
    """Order a few times and measure."""
    return _median([await _probe(load) for _ in range(PROBES)])


async def _back(load: Load, before: Pace) -> tuple[float, Pace]:
    """Order once a second, and return after how long the pace of some in a row was back."""
    begin, probes = time.monotonic(), list[asyncio.Task[Pace]]()
    for second in range(int(GIVEN_UP_AFTER_S)):
        await asyncio.sleep(max(0.0, begin + second - time.monotonic()))
        probes.append(asyncio.create_task(_probe(load)))
        last = probes[-PROBES - 1 : -1]
        if len(last) == PROBES and all(probe.done() for probe in last):
            after = _median([probe.result() for probe in last])
            if after.like(before):
                break
    all_ = await asyncio.gather(*probes)
    return float(len(probes) - PROBES - 1), _median(all_[-PROBES - 1 : -1])


def _median(paces: list[Pace]) -> Pace:
    posts, waits = [pace.post_s for pace in paces], [pace.paid_s for pace in paces]
    return Pace(statistics.median(posts), statistics.median(waits))


async def _probe(load: Load) -> Pace:
    """Order once; a card that is not charged in time counts as charged at the end of it."""
    started = time.monotonic()
    order_id = await load.place(load.customer(), "hongdae")
    post_s, olga = time.monotonic() - started, one_of(order_id or "0", "operator")
    while order_id and time.monotonic() < started + PAID_WITHIN_S:
        answer = await load.people.get(olga, "payment-svc", f"/payments/{order_id}")
        if answer.body.get("status") == "PAID":
            return Pace(post_s, time.monotonic() - started)
        await asyncio.sleep(0.05)
    return Pace(post_s, PAID_WITHIN_S)
