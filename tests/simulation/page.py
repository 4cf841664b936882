"""docs/simulation.md: what a simulation has tried, and where a flow is told on the real stack."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.simulation.accidents import FAULTS
from tests.simulation.crash_points import LOST
from tests.simulation.flows import FLOWS
from tests.simulation.tally import Tally
from tools.contracts.services import SERVICES, Table

STORIES: Final = Path(__file__).parents[1] / "e2e"
NONE: Final = "-"

_HEAD: Final = """\
# What the simulator has tried

Written when all had passed, after {minutes:.1f} minutes, by
`{command}`.

Four real services over a broker, scheduler, stores and a payment gateway in memory, in virtual
time ([tests/simulation](../tests/simulation)). At rest every invariant held, in every history.

## Every flow, with one thing going wrong at a time

Each sidecar call of a flow met each fault once, from the request to the last reminder.
`crash-before` and `crash-after`: kill -9 before or after the effect of the call. `error`: no
effect, and the caller is told. `done-but-timeout`: an effect, and no answer. `late`: a save that is
given up and has its effect after its caller has looked for it. Deliveries lost: the broker took one
for handled that never was; those to mypage-svc are not lost here.
"""
_TOTALS: Final = """\

## All of it

Random histories of people, broker, clock and faults, and races of two replicas, from seed
{first} to {last}. Orders and faults are those of the table above, too.
"""
_TABLES: Final = """\

## The tables that decide

From `TRANSITIONS` of each aggregate.
"""


def stories(folder: Path = STORIES) -> dict[str, list[str]]:
    """Return the stories on the real stack of every flow, as `file::function`, by its first word.

    Raises `LookupError` for a flow with a number that has none.
    """
    told = {flow.name.split()[0]: list[str]() for flow in FLOWS}
    for path in sorted(folder.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for word, found in told.items():
                    if node.name.startswith(f"test_{word.lower()}_"):
                        found.append(f"{path.name}::{node.name}")
    if missing := [word for word, found in told.items() if _is_numbered(word) and not found]:
        raise LookupError(f"no story on the real stack: {', '.join(missing)}")
    return told


def page(command: str, minutes: float, seeds: Sequence[int], tally: Tally) -> str:
    """Return the page, Markdown. `seeds` are those of the histories and races."""
    lines = [
        _HEAD.format(command=command, minutes=minutes),
        *_flows(tally, stories()),
        _TOTALS.format(first=seeds[0], last=seeds[-1]),
        *_totals(tally, seeds),
        _TABLES,
        *_aggregates(),
    ]
    return "\n".join(lines) + "\n"


def _is_numbered(word: str) -> bool:
    return word[0] == "C" and word[1:].isdigit()


def _flows(tally: Tally, told: dict[str, list[str]]) -> Iterator[str]:
    yield _row("flow", *FAULTS, "deliveries lost", "story on the real stack (tests/e2e)")
    yield _rule(1 + len(FAULTS) + 2)
    for flow in FLOWS:
        counts = [tally.points[flow.name, fault] for fault in (*FAULTS, LOST)]
        told_here = "<br>".join(f"`{story}`" for story in told[flow.name.split()[0]])
        yield _row(flow.name, *counts, told_here or NONE)
    kinds = [sum(tally.points[flow.name, fault] for flow in FLOWS) for fault in (*FAULTS, LOST)]
    yield _row(f"all: {tally.points.total():,}", *kinds, "")


def _totals(tally: Tally, seeds: Sequence[int]) -> Iterator[str]:
    yield _row("what", "how many")
    yield _rule(2)
    yield _row("seeds", len(seeds))
    yield from _counts("", tally.runs)
    yield from _counts("orders that ended ", tally.ends)
    yield from _counts("fault: ", tally.faults)
    yield from _counts("sidecar calls of ", _by_app(tally.calls))
    yield from _counts("checked: ", tally.checks)


def _counts(prefix: str, counts: Counter[str]) -> Iterator[str]:
    for name in sorted(counts, key=_place):
        yield _row(f"{prefix}{name}", counts[name])


def _place(name: str) -> tuple[str, int]:
    """Return what to sort by: I2 comes before I10."""
    words = name.rstrip("0123456789")
    return words, int(name[len(words) :] or 0)


def _by_app(calls: Counter[str]) -> Counter[str]:
    by_app: Counter[str] = Counter()
    for name, count in calls.items():
        by_app[name.split()[0]] += count
    return by_app


def _aggregates() -> Iterator[str]:
    yield _row("aggregate", "states (with none)", "triggers", "pairs, each with a row")
    yield _rule(4)
    for service in SERVICES:
        for name, table in service.tables.items():
            yield _row(f"{name} ({service.app_id})", *_size(table))


def _size(table: Table) -> tuple[int, int, int]:
    """Return states, triggers and pairs. Raises `LookupError` where a pair has no row."""
    statuses: set[StrEnum] = {status for status, _ in table if status is not None}
    states = {None, *(status for known in statuses for status in type(known))}
    triggers = {trigger for _, trigger in table}
    if missing := {(s, t) for s in states for t in triggers} - set(table):
        raise LookupError(f"no row: {missing}")
    return len(states), len(triggers), len(table)


def _row(*cells: object) -> str:
    return f"| {' | '.join(f'{c:,}' if isinstance(c, int) else str(c) for c in cells)} |"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns
