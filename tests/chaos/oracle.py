"""What clients were told: every request and its answer, one JSON line each, kept in a file.

A line is written before the client takes its next step, so that no acknowledgement is known to a
client and not to the oracle. Whatever the stack has acknowledged here must be true in the end.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

NO_ANSWER: Final = 0
"""The status of a request whose connection failed, or which nobody answered in time."""

CREATED: Final = 201
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500
AWAY: Final = 503


@dataclass(frozen=True, slots=True)
class Said:
    """One request and its answer.

    `at` is when it was sent, seconds since the epoch; `took_s` how long the answer took; `what` is
    place, cancel, or a step at the cafe. `key` is the Idempotency-Key of a place. `told` is the
    body of a 201, and the detail of a problem, or why there was no answer. `waited_for`: the
    client did not hang up at once on purpose.
    """

    at: float
    took_s: float
    what: str
    who: str
    key: str
    order_id: str
    status: int
    told: str
    waited_for: bool = True

    @property
    def ok(self) -> bool:
        """Whether it was acknowledged."""
        return CREATED - 1 <= self.status < CREATED + 99

    @property
    def shed(self) -> bool:
        """Whether it was refused for now, in an orderly way."""
        return self.status in (TOO_MANY, AWAY)

    @property
    def failed(self) -> bool:
        """Whether there was no answer, or one that only a fault explains."""
        return self.status == NO_ANSWER or self.status >= SERVER_ERROR


class Oracle:
    """Appends to the file, and remembers."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")
        self.said: list[Said] = []

    def note(self, said: Said) -> None:
        """Write one line, at once."""
        self._file.write(json.dumps(asdict(said)) + "\n")
        self._file.flush()
        self.said.append(said)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def places(self) -> list[Said]:
        """Return what was said of orders to be placed."""
        return [said for said in self.said if said.what == "place"]

    def acknowledged(self) -> set[str]:
        """Return the ids of the orders that somebody was told were placed."""
        return {said.order_id for said in self.places() if said.status == CREATED}
