"""What a sidecar tells about its circuit breakers: the log line of each change, and metrics.

The gauge of a breaker's state lags one call behind, so that states come from the log; the metrics
give the number of calls that a policy has given up or refused.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half-open"
_CHANGE: Final = re.compile(
    r'time="(?P<at>[^"]+?)(?P<ns>\d{3})?Z" .*Circuit breaker \\"(?P<name>[^"]*)\\" '
    r"changed state from (?P<before>[a-z-]+) to (?P<after>[a-z-]+)"
)
_SAMPLE: Final = re.compile(r"^dapr_resiliency_activations_total\{(?P<labels>.*)\} (?P<value>\S+)$")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one breaker; `at` in seconds since the epoch."""

    at: float
    name: str
    before: str
    after: str


def changes(log: Path, target: str) -> list[Change]:
    """Return what the breakers of a target went through, oldest first."""
    found = filter(None, map(_CHANGE.search, log.read_text(errors="replace").splitlines()))
    return [
        Change(
            datetime.fromisoformat(f"{match['at']}+00:00").timestamp(),
            match["name"],
            match["before"],
            match["after"],
        )
        for match in found
        if target in match["name"]
    ]


def state_at(history: Iterable[Change], moment: float) -> str:
    """Return the state at a moment."""
    state = CLOSED
    for change in history:
        if change.at <= moment:
            state = change.after
    return state


def activations(metrics: str, target: str) -> Counter[tuple[str, str]]:
    """Return how often each policy of a target took effect, by (policy, status).

    `metrics` is what the sidecar's metrics port answers.
    """
    counts = Counter[tuple[str, str]]()
    for match in filter(None, map(_SAMPLE.match, metrics.splitlines())):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', match["labels"]))
        if target in labels["target"]:
            counts[labels["policy"], labels["status"]] += int(float(match["value"]))
    return counts
