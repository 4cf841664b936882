"""What a siege has shown: as a table, and what of it is wrong."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from tests.chaos.oracle import AWAY, CREATED, Said
from tests.siege.breakers import CLOSED, HALF_OPEN, OPEN
from tests.siege.plans import HEALED, NORMAL
from tests.siege.siege import Outcome, Plan

ANSWERED_WITHIN_S: Final = 0.05
BUSY: Final = 5.0
"""On a machine so busy that this is not to be had even when all is well: so many times as long as
then."""

_HEAD: Final = "| | orders | 201 | 503 | p50 | p99 | worst |"


def percentile_s(said: Sequence[Said], share: float) -> float:
    """Return the time within which so many were answered, in seconds; 0 if nobody asked."""
    times = sorted(each.took_s for each in said)
    return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def complaints(plan: Plan, outcome: Outcome) -> Iterator[str]:
    """Return what was not as it has to be, one sentence each."""
    everything = list(chain(*outcome.said.values()))
    others = Counter(said.status for said in everything) - Counter({CREATED: len(everything)})
    if set(others) - {AWAY}:
        yield f"answers other than 201 and 503: {dict(others)}"
    if not {("PAID", "PAID"), ("ACCEPTED", "PAID")} & outcome.ended.keys():
        yield "no order was paid"
    limit_s = max(ANSWERED_WITHIN_S, BUSY * percentile_s(outcome.said[NORMAL], 0.99))
    for target in plan.breakers:
        states = [change.after for change in outcome.history[target]]
        if states[:2] != [OPEN, HALF_OPEN] or states[-2:] != [HALF_OPEN, CLOSED]:
            yield f"the breaker of {target} went through {states}"
        counted = (outcome.activations[phase.name, target] for phase in plan.phases)
        if not sum(each["circuitbreaker", OPEN] for each in counted):
            yield f"daprd has counted no call that the breaker of {target} refused"
        took_s = percentile_s(outcome.while_(target, OPEN, but=HEALED), 0.99)
        if not 0 < took_s < limit_s:
            told = f"p99 {took_s:.3f} s while the breaker of {target} was open"
            yield f"{told}, and {limit_s:.3f} s are the limit"
    yield from map(str, outcome.found)


def table(plan: Plan, outcome: Outcome) -> str:
    """Return it in Markdown: by phase, by state of a breaker, and the end."""
    rows = [_HEAD, "|---|---|---|---|---|---|---|"]
    rows += [_row(name, said) for name, said in outcome.said.items()]
    for target in plan.breakers:
        rows += [
            _row(f"while the breaker of {target} is {state}", outcome.while_(target, state))
            for state in (CLOSED, OPEN, HALF_OPEN)
        ]
    return "\n".join([*rows, "", *_breakers(plan, outcome), _end(outcome)])


def _row(name: str, said: Sequence[Said]) -> str:
    count = Counter(each.status for each in said)
    times = " | ".join(f"{percentile_s(said, p) * 1000:.0f} ms" for p in (0.5, 0.99, 1.0))
    return f"| {name} | {len(said)} | {count[CREATED]} | {count[AWAY]} | {times} |"


def _breakers(plan: Plan, outcome: Outcome) -> Iterator[str]:
    for target in plan.breakers:
        history = outcome.history[target]
        began = history[0].at if history else 0.0
        steps = [f"{change.after} (+{change.at - began:.1f} s)" for change in history]
        yield f"Breaker of {target}: {', '.join([CLOSED, *steps])}."
        for phase in plan.phases:
            counted = outcome.activations[phase.name, target]
            told = [f"{' '.join(key).strip()} {n}" for key, n in sorted(counted.items())]
            yield f"- {phase.name}: {', '.join(told) or 'no policy took effect'}"
        yield ""


def _end(outcome: Outcome) -> str:
    ended = [f"{n} {order}/{payment}" for (order, payment), n in sorted(outcome.ended.items())]
    return (
        f"Settled {outcome.settled_s:.0f} s after the last order (order/payment): "
        f"{', '.join(ended)}. Dead letters on the way: {outcome.letters}. "
        f"Violated invariants: {len(outcome.found)}."
    )
