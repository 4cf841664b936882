"""A dead letter: a message that could not be handled, kept until it is or a person discards it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from cafe_kit.transitions import Decision, Ignore, Move, Refuse, Row, When, settle

BODY_LIMIT: Final = 65_536
"""Characters of a message that are kept whole; no event of ours comes near."""

SHOWN_OF_LARGE: Final = 1_000
"""Characters that are kept of a larger one; the whole is in the broker until it is trimmed."""

REASON_LIMIT: Final = 500


class Status(StrEnum):
    """RETRYING letters are tried again by themselves, WAITING ones by a person."""

    RETRYING = "RETRYING"
    WAITING = "WAITING"
    HANDLED = "HANDLED"
    DISCARDED = "DISCARDED"


OPEN: Final = frozenset({Status.RETRYING, Status.WAITING})


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived: the topic it was sent to, its id and subject where it has any, its text."""

    letter_id: str
    topic: str
    event_id: str
    subject: str
    body: str
    size: int

    @property
    def whole(self) -> bool:
        """Whether nothing of it was cut off."""
        return len(self.body) == self.size


@dataclass(frozen=True, slots=True)
class Letter:
    """A message and what was tried; while it is RETRYING, the next time and who reminds of it."""

    message: Message
    status: Status
    reason: str
    attempts: int
    first_at: datetime
    last_at: datetime
    retry_at: datetime | None = None
    chain: str = ""
    discarded_by: str = ""
    discarded_because: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """It was tried in vain; with `retry_at` it may go well then, when `chain` reminds of it."""

    message: Message
    reason: str
    retry_at: datetime | None
    chain: str = ""


@dataclass(frozen=True, slots=True)
class Handled:
    """It has taken effect."""


@dataclass(frozen=True, slots=True)
class Discard:
    """A person says that it is to have no effect."""

    by: str
    because: str


Trigger = Failed | Handled | Discard


def _transient(_: Letter | None, trigger: Failed) -> bool:
    return trigger.retry_at is not None


_PARK: Final = When(_transient, Move(Status.RETRYING), Move(Status.WAITING))
_NONE: Final = Refuse("there is no such letter")
_DONE: Final = Ignore("it had been handled before")
_GONE: Final = Ignore("a person has discarded it")

TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, Failed): _PARK,
    (None, Handled): Ignore("it never had to be parked"),
    (None, Discard): _NONE,
    (Status.RETRYING, Failed): _PARK,
    (Status.RETRYING, Handled): Move(Status.HANDLED),
    (Status.RETRYING, Discard): Move(Status.DISCARDED),
    (Status.WAITING, Failed): _PARK,
    (Status.WAITING, Handled): Move(Status.HANDLED),
    (Status.WAITING, Discard): Move(Status.DISCARDED),
    (Status.HANDLED, Failed): _PARK,
    (Status.HANDLED, Handled): _DONE,
    (Status.HANDLED, Discard): Refuse("it has been handled"),
    (Status.DISCARDED, Failed): _GONE,
    (Status.DISCARDED, Handled): _GONE,
    (Status.DISCARDED, Discard): _GONE,
}


def decide(letter: Letter | None, trigger: Trigger, now: datetime) -> Decision[Letter]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(letter.status if letter else None, type(trigger))]
    return settle(row, letter, lambda state, to: _evolve(state, trigger, Status(to), now), trigger)


def _evolve(letter: Letter | None, trigger: Trigger, to: Status, now: datetime) -> Letter:
    if isinstance(trigger, Failed):
        return Letter(
            message=letter.message if letter else trigger.message,
            status=to,
            reason=trigger.reason[:REASON_LIMIT],
            attempts=(letter.attempts if letter else 0) + 1,
            first_at=letter.first_at if letter else now,
            last_at=now,
            retry_at=trigger.retry_at,
            chain=trigger.chain,
        )
    assert letter is not None  # noqa: S101 - only Failed moves from no document
    match trigger:
        case Handled():
            return replace(letter, status=to, last_at=now, retry_at=None)
        case Discard(by=by, because=because):
            return replace(
                letter, status=to, retry_at=None, discarded_by=by, discarded_because=because
            )
        case _:
            assert_never(trigger)
