"""How often one caller may ask: a token bucket for each, in this process."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cafe_kit.clock import Clock
from cafe_kit.problems import TooMany

CALLERS: Final = 10_000
"""Callers that are remembered; the one not heard of for longest begins anew."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


class RateLimit:
    """Lets a caller ask `burst` times at once and `per_s` times a second on average."""

    def __init__(self, clock: Clock, *, per_s: float, burst: int) -> None:
        self._clock = clock
        self._per_s = per_s
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count one request. Raises `TooMany`."""
        now = self._clock()
        bucket = self._buckets.setdefault(caller, _Bucket(self._burst, now))
        self._buckets.move_to_end(caller)
        if len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        passed_s = max(0.0, (now - bucket.at).total_seconds())
        bucket.left = min(self._burst, bucket.left + passed_s * self._per_s)
        bucket.at = now
        if bucket.left < 1:
            raise TooMany(f"At most {self._per_s:g} requests a second, please.")
        bucket.left -= 1
