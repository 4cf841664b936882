"""What is stored of one aggregate, and what changing it came to (docs/adr/0001)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any, Final, Generic, TypeVar, assert_never

from pydantic import BaseModel, ConfigDict

from cafe_kit.events import Cause, CloudEvent, Event
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome
from cafe_kit.reminders import Reminder
from cafe_kit.sidecar import Unavailable
from cafe_kit.transitions import Decide, Decision, Ignore, Refuse, Stay

JOURNAL_LIMIT: Final = 64
"""Entries of a document unless a setting says otherwise; the oldest go first."""

StateT = TypeVar("StateT")


class Entry(BaseModel):
    """One handled input and the events it brought about.

    `write_id` tells the writer's own save from another's that had the same input.
    """

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    cause_id: str
    write_id: str = ""
    events: tuple[CloudEvent, ...]


class Document(BaseModel, Generic[StateT]):
    """What is stored under one key.

    `unarmed` are reminders the scheduler did not take when they were due to be armed.
    """

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    state: StateT
    version: int
    journal: tuple[Entry, ...]
    unarmed: tuple[Reminder, ...] = ()

    @property
    def status(self) -> str:
        """The status of the state: every aggregate has one."""
        return str(self.state.status)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]


class Verdict(Enum):
    """What `update` came to."""

    MOVED = auto()
    DUPLICATE = auto()
    IGNORED = auto()
    REFUSED = auto()
    IMPOSSIBLE = auto()


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[StateT]):
    """A strong read: the state, its version, and the store's tag."""

    state: StateT
    version: int
    etag: str


@dataclass(frozen=True, slots=True)
class Updated(Generic[StateT]):
    """The verdict, the state after it (None: there is none) and why nothing was done, if so."""

    verdict: Verdict
    state: StateT | None
    version: int
    why: str = ""

    @property
    def moved(self) -> bool:
        """Whether this very call changed the state."""
        return self.verdict is Verdict.MOVED


class Unpublished(Unavailable):
    """The change is stored, its events are not out yet; the same cause publishes them."""

    def __init__(self, updated: Updated[Any], why: str) -> None:
        super().__init__(f"stored, but not published: {why}")
        self.updated = updated


@dataclass(frozen=True, slots=True)
class Loaded(Generic[StateT]):
    """A document and the tag of the version that was read."""

    document: Document[StateT]
    etag: str

    def entry_of(self, cause: Cause) -> Entry | None:
        """Return the journal's entry for an input that was handled before."""
        return next((e for e in self.document.journal if e.cause_id == cause.id), None)

    def updated(self, verdict: Verdict, why: str = "") -> Updated[StateT]:
        """Return what a verdict that changes nothing comes to."""
        return Updated(verdict, self.document.state, self.document.version, why)


@dataclass(frozen=True, slots=True)
class Kind(Generic[StateT]):
    """What sets one kind of aggregate apart.

    `document` is `Document[State]`; State is a frozen dataclass with a `status`. `events` maps
    what a step says to the event's class, which is filled from the state (`event_of`).
    """

    name: str
    document: type[Document[StateT]]
    decide: Decide[StateT]
    events: Mapping[StrEnum, type[Event]]
    journal_limit: int = JOURNAL_LIMIT

    def draft(
        self,
        found: Loaded[StateT] | None,
        decision: Decision[StateT],
        entry: Entry,
        unarmed: tuple[Reminder, ...],
    ) -> Document[StateT]:
        """Return what is to be stored after the steps of a decision."""
        old = found.document.journal if found else ()
        return self.document(
            state=decision.steps[-1].state,
            version=(found.document.version if found else 0) + len(decision.steps),
            journal=(*old, entry)[-self.journal_limit :],
            unarmed=unarmed,
        )


def outcome_of(updated: Updated[Any]) -> Outcome:
    """Translate for the broker: what an event was refused for can never be handled."""
    match updated.verdict:
        case Verdict.MOVED:
            return Done()
        case Verdict.DUPLICATE | Verdict.IGNORED:
            return Duplicate()
        case Verdict.REFUSED | Verdict.IMPOSSIBLE:
            return Drop(updated.why)
        case _:
            assert_never(updated.verdict)


def stayed(stay: Stay, found: Loaded[StateT] | None) -> Updated[StateT]:
    """Report a row without steps."""
    match stay:
        case Ignore(why=why):
            verdict = Verdict.IGNORED
        case Refuse(why=why):
            verdict = Verdict.REFUSED
        case _:
            verdict, why = Verdict.IMPOSSIBLE, stay.why
    return found.updated(verdict, why) if found else Updated(verdict, None, 0, why)
