"""What can go wrong with sidecar calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cafe_kit.sidecar import Unavailable
from tests.memory.node import Crash


class Late(Exception):
    """The save is answered `Unavailable` and has its effect later, see `late_saves`."""


FAULTS: Final[dict[str, tuple[str, Callable[[], BaseException]]]] = {
    "crash-before": ("before", Crash),
    "crash-after": ("after", Crash),
    "error": ("before", lambda: Unavailable("the sidecar is away")),
    "done-but-timeout": ("after", lambda: Unavailable("no answer in time")),
    "late": ("after", Late),
}
"""Name of the fault -> before or after the effect of the call, and what is raised there."""

PARTS: Final[dict[str, frozenset[str]]] = {
    "broker": frozenset({"publish"}),
    "scheduler": frozenset({"schedule", "unschedule"}),
    "store": frozenset({"get", "get_many", "save", "save_many"}),
    "peers": frozenset({"invoke"}),
}
"""What an app reaches through its sidecar -> the verbs that fail while it is away."""

SAVES: Final = frozenset({"save", "save_many"})


@dataclass(slots=True)
class Trip:
    """A fault that waits for the `left`th call of this phase that an app makes."""

    app_id: str
    left: int
    fault: str


def can_meet(fault: str, verb: str) -> bool:
    """Say whether this fault can happen to this verb: only a save can be late."""
    return FAULTS[fault][1] is not Late or verb in SAVES
