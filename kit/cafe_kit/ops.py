"""Routes for operators: the dead letters of this service."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cafe_kit.auth import Principal, require
from cafe_kit.dead_letters import DeadLetters
from cafe_kit.letter_index import Listed
from cafe_kit.letters import OPEN, Letter, Status
from cafe_kit.pages import CURSOR_LIMIT, PageSize, decoded, encoded
from cafe_kit.problems import Refused, TemporarilyAway
from cafe_kit.sidecar import SidecarError

REPLAY_LIMIT: Final = 50
REPLAY_FOR_S: Final = 10.0
"""How long one request to replay many goes on."""

Cursor = Annotated[str, Field(max_length=CURSOR_LIMIT)]
Operator = Annotated[Principal, Depends(require("operator"))]


class LetterBody(BaseModel):
    """A dead letter without its text; its size in characters."""

    id: str
    status: Status
    topic: str
    event_id: str
    subject: str
    reason: str
    attempts: int
    first_at: AwareDatetime
    last_at: AwareDatetime
    retry_at: AwareDatetime | None
    size: int
    whole: bool
    discarded_by: str
    discarded_because: str


class WholeLetterBody(LetterBody):
    """A dead letter with its text as it arrived; of one over 64 KiB the beginning."""

    body: str


class LettersBody(BaseModel):
    """Open letters, oldest first, and the cursor of those after them."""

    items: list[LetterBody]
    next: str | None


class DiscardBody(BaseModel):
    """Why a letter is to have no effect."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class ReplayBody(BaseModel):
    """Which letters to replay: those of a topic, from after a cursor on."""

    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str, Field(min_length=1, max_length=200)]
    cursor: Cursor | None = None


class ReplayedBody(BaseModel):
    """How many went well and how many did not; `next` where there are more."""

    replayed: int
    failed: int
    next: str | None


def router_of(letters: DeadLetters) -> APIRouter:
    """Return the routes under /ops/dead-letters; each needs the role operator."""
    router = APIRouter(prefix="/ops/dead-letters", tags=["operations"])

    @router.get("")
    async def list_letters(
        _: Operator,
        limit: PageSize,
        topic: Annotated[str, Query(max_length=200)] = "",
        cursor: Annotated[str | None, Query(max_length=CURSOR_LIMIT)] = None,
    ) -> LettersBody:
        """List the open dead letters of this service, oldest first."""
        listed = await letters.open(topic, _after(cursor), limit + 1)
        page, more = listed[:limit], len(listed) > limit
        found = await asyncio.gather(*(letters.get(each.letter_id) for each in page))
        items = [
            LetterBody.model_validate(_told(letter)) for letter in found if letter.status in OPEN
        ]
        return LettersBody(items=items, next=_cursor(page[-1]) if more else None)

    @router.post("/replay")
    async def replay_many(body: ReplayBody, _: Operator) -> ReplayedBody:
        """Replay the letters of a topic for up to 10 s; send `next` as cursor to go on."""
        return await _replay_many(letters, body)

    @router.get("/{letter_id}")
    async def get_letter(letter_id: str, _: Operator) -> WholeLetterBody:
        """Read one letter with its text, also one that is settled."""
        letter = await letters.get(letter_id)
        return WholeLetterBody.model_validate(_told(letter) | {"body": letter.message.body})

    @router.post("/{letter_id}/replay")
    async def replay(letter_id: str, _: Operator) -> LetterBody:
        """Handle the letter now: 200 when it is handled, 409 or 503 with the reason when not."""
        letter = await letters.replay(letter_id)
        if letter.status is Status.WAITING:
            raise Refused(f"In vain: {letter.reason}", current_status=letter.status)
        if letter.status is Status.RETRYING:
            raise TemporarilyAway(f"In vain: {letter.reason}", current_status=letter.status)
        return LetterBody.model_validate(_told(letter))

    @router.post("/{letter_id}/discard")
    async def discard(letter_id: str, body: DiscardBody, caller: Operator) -> LetterBody:
        """Settle the letter without effect; the reason and who gave it are kept."""
        return LetterBody.model_validate(
            _told(await letters.discard(letter_id, caller.sub, body.reason))
        )

    return router


async def _replay_many(letters: DeadLetters, body: ReplayBody) -> ReplayedBody:
    replayed, failed, tried = 0, 0, 0
    listed = await letters.open(body.topic, _after(body.cursor), REPLAY_LIMIT + 1)
    loop = asyncio.get_running_loop()
    until = loop.time() + REPLAY_FOR_S
    for each in listed[:REPLAY_LIMIT]:
        tried += 1
        try:
            letter = await letters.replay(each.letter_id)
        except (Refused, SidecarError):
            failed += 1
        else:
            replayed += letter.status is Status.HANDLED
            failed += letter.status is not Status.HANDLED
        if loop.time() > until:
            break
    following = _cursor(listed[tried - 1]) if tried < len(listed) else None
    return ReplayedBody(replayed=replayed, failed=failed, next=following)


def _told(letter: Letter) -> dict[str, Any]:
    message, of_message = letter.message, ("topic", "event_id", "subject", "size", "whole")
    of_letter = LetterBody.model_fields.keys() - {"id", *of_message}
    return {
        "id": message.letter_id,
        **{name: getattr(message, name) for name in of_message},
        **{name: getattr(letter, name) for name in of_letter},
    }


def _cursor(listed: Listed) -> str:
    return encoded(*listed.place)


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    return decoded(cursor) if cursor else None
