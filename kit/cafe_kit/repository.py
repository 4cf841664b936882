"""One document per aggregate: state, inbox and outbox change in one compare-and-set save.

`Repository.update` is the only way to change anything: load, decide (pure), save, publish.
The journal inside the document remembers which input caused which events, so the same input again
publishes the same events with the same ids and changes nothing (docs/adr/0001).
"""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Generic
from urllib.parse import quote

from cafe_kit.aggregate import (
    Document,
    Entry,
    Kind,
    Loaded,
    Snapshot,
    StateT,
    Unpublished,
    Updated,
    Verdict,
    stayed,
)
from cafe_kit.clock import Clock
from cafe_kit.events import Cause, CloudEvent, Head, envelope, event_of
from cafe_kit.logs import bound, get_logger
from cafe_kit.metrics import TRANSITIONS
from cafe_kit.pause import jittered
from cafe_kit.reminders import Reminder, Reminders
from cafe_kit.sidecar import Conflict, Sidecar, SidecarError, Unavailable, Write
from cafe_kit.transitions import Decision

ATTEMPTS: Final = 8
_log = get_logger()


class Repository(Generic[StateT]):
    """Documents of one kind, kept in the service's own store under `<kind>:<id>`."""

    def __init__(
        self,
        sidecar: Sidecar,
        clock: Clock,
        source: str,
        kind: Kind[StateT],
        reminders: Reminders,
        guard_after: timedelta,
    ) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._source = source
        self._kind = kind
        self._reminders = reminders
        self._guard_after = guard_after
        self._guard = f"{kind.name}.publish"
        reminders.on(self._guard, self._publish_again)

    async def get(self, id_: str) -> Snapshot[StateT] | None:
        """Read the newest state. Raises `Unavailable`."""
        found = await self._load(id_)
        return Snapshot(found.document.state, found.document.version, found.etag) if found else None

    async def update(
        self,
        id_: str,
        trigger: object,
        cause: Cause,
        *,
        expect_new: bool = False,
        unarmed: Sequence[Reminder] = (),
    ) -> Updated[StateT]:
        """Apply one input once.

        `expect_new` skips the first read: where the document is usually new, the insert finds out.
        `unarmed` are reminders that nobody could arm: the document remembers them, and the next
        input arms them. Raises `Unavailable` when the outcome is not known, and `Unpublished` when
        the events are not out yet: the same cause may then be given again.
        """
        with bound(subject=id_):
            updated, entry = await self._settle(id_, trigger, cause, unarmed, expect_new=expect_new)
            return await self._said(updated, entry)

    async def command(
        self,
        id_: str,
        trigger: object,
        cause: Cause,
        *,
        expect_new: bool = False,
        watch: Reminder | None = None,
        unarmed: Sequence[Reminder] = (),
    ) -> Updated[StateT]:
        """Apply an input that nobody will send again by itself: a person's request.

        A durable reminder is armed first. It publishes what the journal holds for this cause, and
        is forgotten once the events are out; `watch`, where given, is armed in its place and stays:
        the reminder that publishes is then armed only where the events are not out, as well.
        A success means: saved, and the events are out or a reminder is armed. Raises
        `Unavailable` where neither could be had, or the save not soon enough for the reminder.
        """
        due = self._clock() + self._guard_after
        guard = Reminder(kind=self._guard, id=id_, due=due, cause=cause.id)
        first = watch or guard
        armed = await self._reminders.arm_or_later(first)
        if armed is None:
            unarmed = (*unarmed, first)
        left = min(due, first.due) - self._clock() if armed else self._guard_after
        with bound(subject=id_):
            try:
                async with asyncio.timeout(left.total_seconds() / 2):
                    done = await self._settle(id_, trigger, cause, unarmed, expect_new=expect_new)
                updated = await self._said(*done)
            except TimeoutError as error:
                raise Unavailable(f"{self._kind.name}: not settled in time") from error
            except Unpublished as error:
                if armed is None:
                    raise
                if watch:  # It would say them, too, but perhaps not soon.
                    await self._reminders.arm_or_later(guard)
                return error.updated
        if armed is not None and (watch is None or not updated.moved):
            armed.forget()
        return updated

    async def republish(self, id_: str, *causes: Cause) -> None:
        """Publish again what the journal holds: for these causes, or all of it."""
        found = await self._load(id_)
        for entry in found.document.journal if found else ():
            if not causes or Cause(entry.cause_id) in causes:
                await self._say(entry)

    async def _publish_again(self, reminder: Reminder) -> None:
        await self.republish(reminder.id, Cause(reminder.cause))

    async def _settle(
        self,
        id_: str,
        trigger: object,
        cause: Cause,
        unarmed: Sequence[Reminder],
        *,
        expect_new: bool,
    ) -> tuple[Updated[StateT], Entry | None]:
        """Decide and save until it is known what came of it; the entry is still to be said."""
        found, write_id = None if expect_new else await self._load(id_), uuid.uuid4().hex
        for attempt in range(ATTEMPTS):
            if found is not None and (entry := found.entry_of(cause)) is not None:
                if entry.write_id == write_id:  # saved, although the answer said otherwise
                    return self._moved(trigger, found.document, entry)
                await self._arm_owed(id_, found)
                return found.updated(Verdict.DUPLICATE), entry
            now = self._clock()
            decision = self._kind.decide(found.document.state if found else None, trigger, now)
            if decision.stay is None:
                entry = self._entry(id_, found, decision, cause, now, write_id)
                owed = (*await self._still_unarmed(found), *unarmed)
                draft = self._kind.draft(found, decision, entry, owed)
                if await self._saved(id_, draft, found):
                    return self._moved(trigger, draft, entry)
                await jittered(attempt)
            elif found is not None or not expect_new:
                await self._arm_owed(id_, found)
                return stayed(decision.stay, found), None
            found, expect_new = await self._load(id_), False
        raise Unavailable(f"{self._kind.name}: not settled after {ATTEMPTS} attempts")

    async def _arm_owed(self, id_: str, found: Loaded[StateT] | None) -> None:
        """Arm what the document remembers, and have it forget that: once, not per repetition."""
        rest = tuple(await self._still_unarmed(found))
        if found is not None and rest != found.document.unarmed:
            await self._saved(id_, found.document.model_copy(update={"unarmed": rest}), found)

    async def _still_unarmed(self, found: Loaded[StateT] | None) -> list[Reminder]:
        """Arm what could not be armed before; return what still cannot."""
        rest: list[Reminder] = []
        for reminder in found.document.unarmed if found else ():
            try:
                await self._reminders.arm(reminder)
            except SidecarError:
                rest.append(reminder)
        return rest

    async def _saved(self, id_: str, draft: Document[StateT], found: Loaded[StateT] | None) -> bool:
        """Save. False: the document is to be read again, whatever the store has answered."""
        value = draft.model_dump_json().encode()
        try:
            await self._sidecar.save(Write(self._key(id_), value, found.etag if found else None))
        except (Conflict, Unavailable) as error:
            _log.debug("save not settled", error=str(error))
            return False
        return True

    def _entry(
        self,
        id_: str,
        found: Loaded[StateT] | None,
        decision: Decision[StateT],
        cause: Cause,
        now: datetime,
        write_id: str,
    ) -> Entry:
        said: list[CloudEvent] = []
        for number, step in enumerate(decision.steps, (found.document.version if found else 0) + 1):
            if step.says is not None:
                head = Head(number, now)
                event = event_of(self._kind.events[step.says], step.state, head)
                said.append(
                    envelope(event, source=self._source, subject=id_, head=head, cause=cause)
                )
        return Entry(cause_id=cause.id, write_id=write_id, events=tuple(said))

    async def _said(self, updated: Updated[StateT], entry: Entry | None) -> Updated[StateT]:
        try:
            if entry is not None:
                await self._say(entry)
        except SidecarError as error:
            raise Unpublished(updated, str(error)) from error
        return updated

    async def _say(self, entry: Entry) -> None:
        for event in entry.events:
            await self._sidecar.publish(event.type, event.model_dump_json().encode())

    def _moved(
        self, trigger: object, document: Document[StateT], entry: Entry
    ) -> tuple[Updated[StateT], Entry]:
        kind, name = self._kind.name, type(trigger).__name__
        TRANSITIONS.labels(kind, name, document.status).inc()
        what = {"kind": kind, "trigger": name, "status": document.status}
        says = [event.type for event in entry.events]
        _log.info("transition", **what, version=document.version, says=says)
        return Updated(Verdict.MOVED, document.state, document.version), entry

    async def _load(self, id_: str) -> Loaded[StateT] | None:
        stored, document = await self._sidecar.get(self._key(id_)), self._kind.document
        return Loaded(document.model_validate_json(stored.value), stored.etag) if stored else None

    def _key(self, id_: str) -> str:
        # Ids come from paths too, and a store takes no key with `||` in it.
        return f"{self._kind.name}:{quote(id_, safe='')}"
