"""Secrets that mean something for a while: a bounded table that forgets."""

import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
Now = Callable[[], float]
"""Seconds since the epoch."""


class Kept(Generic[T]):
    """At most `limit` values, each for `ttl_s` seconds, under names nobody guesses.

    A new value beyond the limit pushes out the oldest.
    """

    def __init__(self, now: Now, *, limit: int, ttl_s: float) -> None:
        self._now = now
        self._limit = limit
        self._ttl_s = ttl_s
        self._values: dict[str, tuple[float, T]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def put(self, value: T) -> str:
        """Keep a value; give the name it is found by, 43 characters of base64url."""
        while self._values and (self._oldest_is_over() or len(self._values) >= self._limit):
            del self._values[next(iter(self._values))]
        name = secrets.token_urlsafe(32)
        self._values[name] = (self._now() + self._ttl_s, value)
        return name

    def get(self, name: str) -> T | None:
        """Give what the name stands for, None when that is over or never was."""
        ends_s, value = self._values.get(name, (0.0, None))
        return value if self._now() < ends_s else None

    def drop(self, name: str) -> None:
        """Forget it; an unknown name is fine."""
        self._values.pop(name, None)

    def _oldest_is_over(self) -> bool:
        ends_s, _ = next(iter(self._values.values()))
        return ends_s <= self._now()
