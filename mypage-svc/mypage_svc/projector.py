"""Events become pages: folded and written together, told to all replicas, and timed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Histogram

from cafe_kit.batches import Batches
from cafe_kit.clock import Clock
from cafe_kit.logs import get_logger
from cafe_kit.sidecar import Conflict, Rejected, SidecarError, Unavailable
from mypage_svc.model import Fact, Row
from mypage_svc.ports import Pages, Replicas

HISTORY: Final = timedelta(seconds=10)
"""Older events come from a backlog or from the past; nobody waits to see them."""
FRESHNESS = Histogram(
    "cafe_page_freshness_seconds",
    "From an event's time until its page can be read",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
_log = get_logger()


class Projector:
    """One write at a time; nothing waits at low load, because nothing is under way then.

    `batch` is the most events that one write takes in. `announce` False keeps silent about changes:
    while the past is replayed.
    """

    def __init__(
        self, pages: Pages, replicas: Replicas, clock: Clock, *, batch: int, announce: bool = True
    ) -> None:
        self._pages = pages
        self._replicas = replicas
        self._clock = clock
        self._facts = Batches(self._write, limit=batch)
        self._changes = Batches(self._tell, limit=100)
        self.announce = announce
        self._history_at: datetime | None = None

    async def project(self, fact: Fact) -> None:
        """Return when the fact is stored. Raises what storing it raised."""
        await self._facts.add(fact)
        # In the handler's own context: who looks for an order, or for a trace, finds its page too.
        _log.info("projected", fact=fact.event, status=fact.status, version=fact.version)

    def catch_up(self, quiet_s: float) -> None:
        """Raise `Unavailable` until no old event has come for `quiet_s`; then announce again.

        The time begins with the first question: before it no event could come.
        """
        now = self._clock()
        self._history_at = self._history_at or now
        if (now - self._history_at).total_seconds() < quiet_s:
            raise Unavailable("the past is still being replayed")
        self.announce = True

    async def _write(self, facts: Sequence[Fact]) -> list[Exception | None]:
        """Write facts together; those that cannot be are written by halves, to find the culprit.

        Without this one bad event would keep all from being written that come beside it.
        """
        try:
            rows = await self._pages.project(facts)
        except (Conflict, Rejected) as error:
            if len(facts) == 1:
                return [error]
            half = len(facts) // 2
            return [*await self._write(facts[:half]), *await self._write(facts[half:])]
        except Exception as error:  # noqa: BLE001 - every waiter is told
            return [error] * len(facts)
        self._note(facts, rows)
        return [None] * len(facts)

    def _note(self, facts: Sequence[Fact], rows: Sequence[Row]) -> None:
        now, changed = self._clock(), {row.order_id for row in rows}
        for fact in facts:
            if fact.order_id not in changed:  # It was only said again.
                continue
            if self.announce:
                FRESHNESS.observe(max(0.0, (now - fact.at).total_seconds()))
            if now - fact.at > HISTORY:
                self._history_at = now
        for row in rows if self.announce else ():
            self._changes.add(row)

    async def _tell(self, rows: Sequence[Row]) -> list[Exception | None]:
        """Tell the replicas; who missed it looks again by itself after a while."""
        try:
            await self._replicas.tell(rows)
        except SidecarError as error:
            _log.warning("replicas not told", pages=len(rows), error=str(error))
        return [None] * len(rows)
