"""What becomes of messages that could not be handled: once more, then parked, never dropped.

daprd moves a message to the service's dead-letter topic when its retries are used up or its handler
has dropped it. The service hears that topic too. It handles the message once more; what fails for
a reason that may pass is parked and tried again by a durable reminder, what can never be handled
is parked for a person. A letter is acknowledged when it is parked and its reminder armed: until
then it stays in the broker, which delivers it again without end (docs/adr/0019).
"""

import asyncio
import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, assert_never, cast

from pydantic_core import from_json

from cafe_kit.aggregate import Document, Kind, Verdict
from cafe_kit.backoff import Backoff
from cafe_kit.clock import Clock
from cafe_kit.events import Cause
from cafe_kit.letter_index import LetterIndex, Listed
from cafe_kit.letters import (
    BODY_LIMIT,
    OPEN,
    SHOWN_OF_LARGE,
    Discard,
    Failed,
    Handled,
    Letter,
    Message,
    Status,
    Trigger,
    decide,
)
from cafe_kit.logs import get_logger
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome, Retry
from cafe_kit.problems import NotFound, Refused
from cafe_kit.reminders import Reminder, Reminders
from cafe_kit.repository import Repository
from cafe_kit.sidecar import Sidecar, SidecarError
from cafe_kit.subscriptions import Handle

RETRY: Final = "dead-letter.retry"
COUNTED_FOR: Final = timedelta(seconds=15)
COUNT_S: Final = 1.0
_TEXT_LIMIT: Final = 200
_LETTER: Final = Kind("dead-letter", Document[Letter], decide, events={})
_log = get_logger()


class DeadLetters:
    """The dead letters of one service; `handlers` are its own, by topic."""

    def __init__(
        self,
        sidecar: Sidecar,
        clock: Clock,
        reminders: Reminders,
        handlers: Mapping[str, Handle],
        backoff: Backoff,
    ) -> None:
        self._clock = clock
        self._reminders = reminders
        self._handlers = handlers
        self._backoff = backoff
        self._index = LetterIndex(sidecar)
        # Letters say no events, so there is nothing to guard and no source to name.
        self._letters = Repository(sidecar, clock, "", _LETTER, reminders, COUNTED_FOR)
        self._counted_at: datetime | None = None
        reminders.on(RETRY, self._retry)

    async def receive(self, body: bytes) -> Outcome:
        """Handle a message once more, or park it. Raises `SidecarError` where neither could be."""
        message = read(body)
        found = await self._letters.get(message.letter_id)
        if found is not None and found.state.status is Status.DISCARDED:
            return Done()
        outcome = await self._handle(message, body)
        if isinstance(outcome, Retry) and not message.whole:
            outcome = Drop(f"too large to be kept whole for another attempt: {outcome.reason}")
        await self._conclude(message, outcome)
        return Done()

    async def get(self, letter_id: str) -> Letter:
        """Return a letter, also one that is settled. Raises `NotFound`."""
        found = await self._letters.get(letter_id)
        if found is None:
            raise NotFound("There is no such dead letter.")
        if found.state.status not in OPEN:
            # A crash may have come between settling it and striking it out.
            await self._note(found.state)
        return found.state

    async def open(
        self, topic: str, after: tuple[datetime, str] | None, limit: int
    ) -> list[Listed]:
        """Return the first `limit` open letters of a topic ("": of all) behind a place."""
        return [
            each
            for each in await self._index.all()
            if topic in ("", each.line.topic) and (after is None or each.place > after)
        ][:limit]

    async def replay(self, letter_id: str) -> Letter:
        """Handle a letter now; one that was handled stays as it is.

        Raises `NotFound`, `Refused` for one that was discarded or is not whole, `SidecarError`.
        """
        letter = await self.get(letter_id)
        if letter.status is Status.HANDLED:
            return letter
        if letter.status is Status.DISCARDED:
            raise Refused("The letter has been discarded.", current_status=letter.status)
        if not letter.message.whole:
            raise Refused("It was too large to be kept whole.", current_status=letter.status)
        outcome = await self._handle(letter.message, letter.message.body.encode())
        return await self._conclude(letter.message, outcome) or letter

    async def discard(self, letter_id: str, by: str, because: str) -> Letter:
        """Settle a letter without effect; again is the same. Raises `NotFound`, `Refused`."""
        trigger = Discard(by, because)
        updated = await self._letters.update(letter_id, trigger, Cause(uuid.uuid4().hex))
        if updated.state is None:
            raise NotFound("There is no such dead letter.")
        if updated.verdict is Verdict.REFUSED:
            raise Refused(f"Not now: {updated.why}.", current_status=updated.state.status)
        await self._note(updated.state)
        _log.warning("dead letter discarded", letter=letter_id, by=by, because=because)
        return updated.state

    async def count(self) -> None:
        """Bring the gauge up to date, where it has not been for a while and the store answers."""
        now = self._clock()
        if self._counted_at is not None and now - self._counted_at < COUNTED_FOR:
            return
        self._counted_at = now
        try:
            async with asyncio.timeout(COUNT_S):
                await self._index.all()
        except (SidecarError, TimeoutError) as error:
            _log.warning("dead letters not counted", error=repr(error))

    async def _note(self, letter: Letter) -> None:
        """Bring the index up to date with a letter, and with whoever has changed it meanwhile."""
        noted: Status | None = None
        while noted is not letter.status:
            await self._index.note(letter)
            noted = letter.status
            found = await self._letters.get(letter.message.letter_id)
            letter = found.state if found else letter

    async def _handle(self, message: Message, body: bytes) -> Outcome:
        handle = self._handlers.get(message.topic)
        return await handle(body) if handle else Drop(f"nobody here hears {message.topic!r}")

    async def _conclude(self, message: Message, outcome: Outcome, chain: str = "") -> Letter | None:
        """Store what an attempt came to; None: it went well and nothing had been parked."""
        letter_id = message.letter_id
        trigger = await self._trigger(message, outcome, chain)
        updated = await self._letters.update(letter_id, trigger, Cause(uuid.uuid4().hex))
        letter = updated.state
        if letter is None:
            return None
        await self._note(letter)
        details = {"letter": letter_id, "topic": message.topic, "attempts": letter.attempts}
        if letter.status in OPEN:
            _log.warning(
                "dead letter parked", **details, status=letter.status, reason=letter.reason
            )
        else:
            _log.info("dead letter settled", **details, status=letter.status)
        return letter

    async def _trigger(self, message: Message, outcome: Outcome, chain: str) -> Trigger:
        """Name the next attempt, where there is one; its reminder is armed before it is promised.

        A letter has one chain of reminders. Parked anew, it gets another, and the last one ends.
        """
        match outcome:
            case Done() | Duplicate():
                return Handled()
            case Drop(reason=reason):
                return Failed(message, reason, None)
            case Retry(reason=reason):
                found = await self._letters.get(message.letter_id)
                letter = found.state if found else None
                if letter and not chain and letter.retry_at and letter.retry_at > self._clock():
                    return Failed(message, reason, letter.retry_at, letter.chain)
                due = self._clock() + self._backoff.after(letter.attempts if letter else 0)
                if not chain:
                    chain, id_ = uuid.uuid4().hex, message.letter_id
                    await self._reminders.arm(Reminder(kind=RETRY, id=id_, due=due, cause=chain))
                return Failed(message, reason, due, chain)
            case _:
                assert_never(outcome)

    async def _retry(self, reminder: Reminder) -> datetime | None:
        found = await self._letters.get(reminder.id)
        if found is None:
            return None
        letter = found.state
        mine = letter.chain == reminder.cause
        early = letter.retry_at is not None and letter.retry_at > self._clock()
        if not mine and letter.status is Status.RETRYING:
            return None
        if early or letter.status is not Status.RETRYING:
            # A failure may have come between an attempt and what was to follow it.
            await self._note(letter)
            return letter.retry_at if mine else None
        outcome = await self._handle(letter.message, letter.message.body.encode())
        after = await self._conclude(letter.message, outcome, reminder.cause)
        return after.retry_at if after else None


def read(body: bytes) -> Message:
    """Return what can be told of a message, whatever it is: nothing of it need be right."""
    try:
        parsed = from_json(body)
    except ValueError:
        parsed = None
    known = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    # daprd writes the topic it was sent to first into the envelope; in memory there is the type.
    topic = _text(known, "topic") or _text(known, "type")
    text = body.decode(errors="replace")
    # The same event published again has another trace: what makes it the same are these.
    same = [topic, known.get("source"), known.get("id"), known.get("data")]
    mark = json.dumps(same, sort_keys=True).encode() if "id" in known else body
    return Message(
        letter_id=hashlib.sha256(mark).hexdigest()[:32],
        topic=topic,
        event_id=_text(known, "id"),
        subject=_text(known, "subject"),
        body=text if len(text) <= BODY_LIMIT else text[:SHOWN_OF_LARGE],
        size=len(text),
    )


def _text(known: Mapping[str, Any], name: str) -> str:
    value = known.get(name)
    return value[:_TEXT_LIMIT] if isinstance(value, str) else ""
