"""What a simulation has tried: counted as it goes, told at its end."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts by name; two simulations of one seed count the same."""

    points: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Crash points tried, by flow and fault."""
    runs: Counter[str] = field(default_factory=Counter[str])
    """Whole stories, and the steps in them."""
    ends: Counter[str] = field(default_factory=Counter[str])
    """Orders, by the status they have ended in."""
    faults: Counter[str] = field(default_factory=Counter[str])
    """What went wrong, by kind."""
    calls: Counter[str] = field(default_factory=Counter[str])
    """Sidecar calls, by service and verb."""
    checks: Counter[str] = field(default_factory=Counter[str])
    """How often each invariant was looked at, for one order or one document."""

    def line(self) -> str:
        """Return how far it is, in one line."""
        points = {"crash points": self.points.total()} if self.points else {}
        return ", ".join(f"{count:,} {what}" for what, count in {**points, **self.runs}.items())

    def by_flow(self) -> Counter[str]:
        """Return the crash points tried, by flow."""
        counts: Counter[str] = Counter()
        for (flow, _), count in self.points.items():
            counts[flow] += count
        return counts

    def summary(self) -> Iterator[str]:
        """Yield everything in columns, one line per count."""
        for title, counts in (
            ("crash points tried", self.by_flow()),
            ("stories", self.runs),
            ("orders by end", self.ends),
            ("faults injected", self.faults),
            ("sidecar calls", self.calls),
            ("invariants checked", self.checks),
        ):
            yield f"{title}: {counts.total():,}" if title != "stories" else f"{title}:"
            lines = counts.items() if title == "crash points tried" else sorted(counts.items())
            yield from (f"  {name:28}{count:>12,}" for name, count in lines)
