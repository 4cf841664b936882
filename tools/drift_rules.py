"""A page against those whose story it tells: a pure comparison, shared by tests and tools.

A page knows what its owners have said. Not every step is said: an order that is paid keeps that to
itself, since payment-svc has said so. What is compared, then: everything that the broker remembers
stands in the timeline; no page knows more than its owner; what an owner says of every state it
comes to is what the page says of it.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tools.findings import Finding

UNSAID: Final[Mapping[str, frozenset[str]]] = {
    "order": frozenset({"PAID", "ACCEPTED", "COMPLETED", "REJECTED", "UNCOLLECTED"}),
    "payment": frozenset({"PENDING", "REFUNDING"}),
    "cafe_order": frozenset(),
}
"""By part of a page, the states that its owner can come to without an event."""
Said = frozenset[tuple[str, datetime]]
"""Events: short name and time."""


@dataclass(frozen=True, slots=True)
class Part:
    """A state of one aggregate, and its version."""

    version: int
    status: str

    def __str__(self) -> str:
        return f"{self.status} (version {self.version})"


@dataclass(frozen=True, slots=True)
class Story:
    """An order as a page tells it, or as its owners do; `parts` by the names of `UNSAID`."""

    customer_id: str = ""
    parts: Mapping[str, Part] = field(default_factory=dict[str, Part])
    said: Said = frozenset()


def compare(order_id: str, page: Story, owners: Story) -> list[Finding]:
    """Return what is wrong with the page of one order; `owners.said` is what the broker holds."""
    found = list(_parts(page, owners))
    for event, at in sorted(owners.said - page.said):
        found.append(("not told", f"{event} of {at.isoformat()}"))
    if page.customer_id != owners.customer_id and "order" in page.parts and "order" in owners.parts:
        found.append(("whose order", f"page {page.customer_id}, owner {owners.customer_id}"))
    return [Finding(order_id, problem, detail) for problem, detail in found]


def _parts(page: Story, owners: Story) -> Generator[tuple[str, str]]:
    for name, unsaid in UNSAID.items():
        ours, theirs = page.parts.get(name), owners.parts.get(name)
        told = f"page {ours or 'nothing'}, owner {theirs or 'nothing'}"
        problem = f"{name.replace('_', ' ')} differs"
        if theirs is None:
            if ours is not None:
                yield problem, told
        elif ours is not None and ours.version >= theirs.version:
            if ours != theirs:
                yield problem, told
        elif theirs.status not in unsaid and (ours is None or ours.status != theirs.status):
            yield problem, told
