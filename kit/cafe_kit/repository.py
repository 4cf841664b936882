"""One document per aggregate: state, inbox and outbox change in one compare-and-set save.

`Repository.update` is the only way to change anything: load, decide (pure), save, publish.
The journal inside the document remembers which input caused which events, so the same input again
publishes the same events with the same ids and changes nothing (docs/adr/0001).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Any, Final, Generic, TypeVar, assert_never
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from cafe_kit.clock import Clock
from cafe_kit.events import Cause, CloudEvent, Event, Head, envelope, event_of
from cafe_kit.logs import bound, get_logger
from cafe_kit.metrics import TRANSITIONS
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome
from cafe_kit.pause import jittered
from cafe_kit.sidecar import Conflict, Sidecar, Unavailable, Write
from cafe_kit.transitions import Decide, Decision, Ignore, Refuse, Stay

StateT = TypeVar("StateT")

ATTEMPTS: Final = 8
JOURNAL_LIMIT: Final = 64
_log = get_logger()


class Entry(BaseModel):
    """One handled input and the events it brought about."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    cause_id: str
    events: tuple[CloudEvent, ...]


class Document(BaseModel, Generic[StateT]):
    """What is stored under one key. `write_id` tells the writer's own save from another's."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    state: StateT
    version: int
    write_id: str
    journal: tuple[Entry, ...]


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


@dataclass(frozen=True, slots=True)
class _Loaded(Generic[StateT]):
    document: Document[StateT]
    etag: str


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


class Repository(Generic[StateT]):
    """Documents of one kind, kept in the service's own store under `<kind>:<id>`."""

    def __init__(self, sidecar: Sidecar, clock: Clock, source: str, kind: Kind[StateT]) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._source = source
        self._kind = kind

    async def get(self, id_: str) -> Snapshot[StateT] | None:
        """Read the newest state. Raises `Unavailable`."""
        found = await self._load(id_)
        return Snapshot(found.document.state, found.document.version, found.etag) if found else None

    async def update(
        self, id_: str, trigger: object, cause: Cause, *, expect_new: bool = False
    ) -> Updated[StateT]:
        """Apply one input once.

        `expect_new` skips the first read: where the document is usually new, the insert finds out.
        Raises `Unavailable` when the outcome is not known or the events are not out yet: the same
        cause may then be given again.
        """
        with bound(subject=id_):
            return await self._update(id_, trigger, cause, expect_new=expect_new)

    async def _update(
        self, id_: str, trigger: object, cause: Cause, *, expect_new: bool
    ) -> Updated[StateT]:
        found = None if expect_new else await self._load(id_)
        for attempt in range(ATTEMPTS):
            entry = _entry_of(found, cause)
            if found is not None and entry is not None:
                await self._say(entry)
                return Updated(Verdict.DUPLICATE, found.document.state, found.document.version)
            now = self._clock()
            state = found.document.state if found else None
            decision = self._kind.decide(state, trigger, now)
            if decision.stay is not None:
                if found is None and expect_new:
                    found, expect_new = await self._load(id_), False
                    continue
                return _stayed(decision.stay, found)
            draft = self._draft(id_, found, decision, cause, now)
            try:
                await self._sidecar.save(self._write(id_, draft, found))
            except (Conflict, Unavailable) as error:
                found, expect_new = await self._load(id_), False
                if found is None or found.document.write_id != draft.write_id:
                    _log.debug("save not settled", attempt=attempt, error=str(error))
                    await jittered(attempt)
                    continue
            self._note(trigger, decision, draft)
            await self._say(draft.journal[-1])
            return Updated(Verdict.MOVED, draft.state, draft.version)
        raise Unavailable(f"{self._kind.name}: not settled after {ATTEMPTS} attempts")

    def _draft(
        self,
        id_: str,
        found: _Loaded[StateT] | None,
        decision: Decision[StateT],
        cause: Cause,
        now: datetime,
    ) -> Document[StateT]:
        version = found.document.version if found else 0
        said: list[CloudEvent] = []
        for number, step in enumerate(decision.steps, version + 1):
            if step.says is not None:
                head = Head(number, now)
                event = event_of(self._kind.events[step.says], step.state, head)
                said.append(
                    envelope(event, source=self._source, subject=id_, head=head, cause=cause)
                )
        old = found.document.journal if found else ()
        return self._kind.document(
            state=decision.steps[-1].state,
            version=version + len(decision.steps),
            write_id=uuid.uuid4().hex,
            journal=(*old, Entry(cause_id=cause.id, events=tuple(said)))[-JOURNAL_LIMIT:],
        )

    def _write(self, id_: str, draft: Document[StateT], found: _Loaded[StateT] | None) -> Write:
        value = draft.model_dump_json().encode()
        return Write(self._key(id_), value, found.etag if found else None)

    async def _say(self, entry: Entry) -> None:
        for event in entry.events:
            await self._sidecar.publish(event.type, event.model_dump_json().encode())

    def _note(self, trigger: object, decision: Decision[StateT], draft: Document[StateT]) -> None:
        name = type(trigger).__name__
        after = _status(draft.state)
        TRANSITIONS.labels(self._kind.name, name, after).inc()
        says = [str(step.says) for step in decision.steps if step.says]
        _log.info(
            "transition", kind=self._kind.name, trigger=name, status=after,
            version=draft.version, says=says,
        )  # fmt: skip

    async def _load(self, id_: str) -> _Loaded[StateT] | None:
        stored = await self._sidecar.get(self._key(id_))
        if stored is None:
            return None
        return _Loaded(self._kind.document.model_validate_json(stored.value), stored.etag)

    def _key(self, id_: str) -> str:
        # Ids come from paths too, and a store takes no key with `||` in it.
        return f"{self._kind.name}:{quote(id_, safe='')}"


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


def _entry_of(found: _Loaded[Any] | None, cause: Cause) -> Entry | None:
    if found is None:
        return None
    return next((e for e in found.document.journal if e.cause_id == cause.id), None)


def _stayed(stay: Stay, found: _Loaded[StateT] | None) -> Updated[StateT]:
    match stay:
        case Ignore(why=why):
            verdict = Verdict.IGNORED
        case Refuse(why=why):
            verdict = Verdict.REFUSED
        case _:
            verdict, why = Verdict.IMPOSSIBLE, stay.why
    state = found.document.state if found else None
    return Updated(verdict, state, found.document.version if found else 0, why)


def _status(state: Any) -> str:  # noqa: ANN401 - any frozen dataclass with a status
    return str(state.status)
