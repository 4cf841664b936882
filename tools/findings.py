"""What a comparison of two sides has found, order by order: looked at again, and as a table."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from tools.processes import wait_for


@dataclass(frozen=True, slots=True)
class Finding:
    """One order that both sides do not agree on; `detail` says what each of them knows."""

    order_id: str
    problem: str
    detail: str


Compare = Callable[[Collection[str]], list[Finding]]
"""Compares what both sides say of these orders now."""


def outlasting(compare: Compare, order_ids: Collection[str], settle_s: float) -> list[Finding]:
    """Return what is found of these orders for longer than `settle_s`.

    While an order is under way its owners know of a step at different times.
    """
    found = compare(order_ids)

    def gone() -> bool:
        found[:] = compare({finding.order_id for finding in found})
        return not found

    if found:
        with suppress(TimeoutError):
            wait_for(gone, settle_s, every_s=0.5)
    return found


def tell(findings: Collection[Finding], detail: str, none: str) -> int:
    """Print the findings, or `none` where there are none; return the exit code, 1 or 0."""
    print(table(findings, detail) if findings else none)
    return 1 if findings else 0


def table(findings: Collection[Finding], detail: str) -> str:
    """Lay the findings out in columns; `detail` is the heading of the last one."""
    rows = [("order", "problem", detail)]
    rows += [(finding.order_id, finding.problem, finding.detail) for finding in findings]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows)
