"""Which letters are open: a few documents that hold ids, because a store cannot be searched."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import AwareDatetime, BaseModel

from cafe_kit.letters import OPEN, Letter, Status
from cafe_kit.metrics import DEAD_LETTERS
from cafe_kit.pause import jittered
from cafe_kit.sidecar import Conflict, Sidecar, Stored, Unavailable, Write

BUCKETS: Final = 16
BUCKET_LIMIT: Final = 1_000
ATTEMPTS: Final = 8


class Line(BaseModel):
    """What the index knows of a letter."""

    status: Status
    topic: str
    first_at: AwareDatetime


class _Bucket(BaseModel):
    letters: dict[str, Line] = {}


@dataclass(frozen=True, slots=True)
class Listed:
    """One open letter."""

    letter_id: str
    line: Line

    @property
    def place(self) -> tuple[AwareDatetime, str]:
        """Where it stands in the list: oldest first."""
        return self.line.first_at, self.letter_id


class LetterIndex:
    """The open letters of one service, at most `BUCKETS * BUCKET_LIMIT`; its gauge counts them."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._counts: dict[str, Counter[Status]] = {}

    async def note(self, letter: Letter) -> None:
        """Enter an open letter, strike out another; again is the same.

        Raises `Unavailable`, also where there is no room: then the letter is to stay where it is.
        """
        letter_id = letter.message.letter_id
        key = _key(int(hashlib.sha256(letter_id.encode()).hexdigest(), 16) % BUCKETS)
        for attempt in range(ATTEMPTS):
            stored = await self._sidecar.get(key)
            before = self._read(key, stored)
            after = {name: line for name, line in before.items() if name != letter_id}
            if letter.status in OPEN:
                after[letter_id] = Line(
                    status=letter.status, topic=letter.message.topic, first_at=letter.first_at
                )
            if after == before:
                return
            if len(after) > BUCKET_LIMIT:
                raise Unavailable(f"no room for more dead letters: {BUCKET_LIMIT} in one bucket")
            try:
                await self._sidecar.save(_write(key, after, stored))
            except (Conflict, Unavailable):
                await jittered(attempt)
            else:
                self._count(key, after)
                return
        raise Unavailable(f"dead letters: not settled after {ATTEMPTS} attempts")

    async def all(self) -> list[Listed]:
        """Return every open letter, oldest first, in one call."""
        keys = [_key(number) for number in range(BUCKETS)]
        found = await self._sidecar.get_many(keys)
        listed = [
            Listed(letter_id, line)
            for key in keys
            for letter_id, line in self._read(key, found.get(key)).items()
        ]
        return sorted(listed, key=lambda each: each.place)

    def _read(self, key: str, stored: Stored | None) -> dict[str, Line]:
        letters = _Bucket.model_validate_json(stored.value).letters if stored else {}
        self._count(key, letters)
        return letters

    def _count(self, key: str, letters: Mapping[str, Line]) -> None:
        self._counts[key] = Counter(line.status for line in letters.values())
        for status in OPEN:
            total = sum(counts[status] for counts in self._counts.values())
            DEAD_LETTERS.labels(status).set(total)


def _key(number: int) -> str:
    return f"dead-letters:{number:02}"


def _write(key: str, letters: dict[str, Line], stored: Stored | None) -> Write:
    value = _Bucket(letters=letters).model_dump_json().encode()
    return Write(key, value, stored.etag if stored else None)
