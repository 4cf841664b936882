"""Who follows which pages right now, in this replica.

A change is heard of by all replicas; the one somebody is connected to reads the rows again, once
for all who follow them, and many changes together.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cafe_kit.batches import Batches
from cafe_kit.clock import Clock
from cafe_kit.logs import get_logger
from cafe_kit.sidecar import SidecarError
from mypage_svc.events import Changed
from mypage_svc.indexes import board_of, queue_position
from mypage_svc.model import Page, Row
from mypage_svc.outbox import OUTBOX_LIMIT
from mypage_svc.ports import Shown
from mypage_svc.watch import View, Watch

_log = get_logger()


class Live:
    """The streams of this replica, by what they want to hear of."""

    def __init__(self, pages: Shown, clock: Clock) -> None:
        self.now = clock
        self._pages = pages
        self._watches: dict[str, set[Watch]] = {}
        self._topics: dict[Watch, set[str]] = {}
        self._changes = Batches(self._spread, limit=OUTBOX_LIMIT)

    @property
    def followed(self) -> frozenset[str]:
        """What anybody here wants to hear of, as `View.topics` and `Watch.topics` name it."""
        return frozenset(self._watches)

    async def follow(self, view: View, since: datetime | None) -> Watch:
        """Begin a stream. Raises `SidecarError`."""
        watch = Watch(self, view, self.now())
        self.listen(watch)  # Before it reads: what changes meanwhile is then sent after that.
        try:
            await watch.begin(since)
        except BaseException:
            self.forget(watch)
            raise
        return watch

    def tell(self, changes: Iterable[Changed]) -> None:
        """Look at changes that somebody here follows."""
        for change in changes:
            if any(topic in self._watches for topic in _topics_of(change)):
                self._changes.add(change)

    def listen(self, watch: Watch) -> None:
        """Register what a watch wants to hear of, as it is now."""
        before, after = self._topics.get(watch, set()), watch.topics
        self._ignore(watch, before - after)
        for topic in after - before:
            self._watches.setdefault(topic, set()).add(watch)
        self._topics[watch] = after

    def forget(self, watch: Watch) -> None:
        """End a watch."""
        self._ignore(watch, self._topics.pop(watch, set()))

    def _ignore(self, watch: Watch, topics: Iterable[str]) -> None:
        for topic in topics:
            self._watches[topic].discard(watch)
            if not self._watches[topic]:
                del self._watches[topic]

    async def rows(self, order_ids: Iterable[str]) -> list[Row]:
        """Return the rows that exist. Raises `SidecarError`."""
        return await self._pages.rows(sorted(order_ids))

    async def _spread(self, changes: Sequence[Changed]) -> list[Exception | None]:
        """Read what has changed and hand it to whoever follows it."""
        try:
            rows = await self.rows({change.order_id for change in changes})
            boards = {c: await self._pages.on_lists([board_of(c)]) for c in _cafes(changes)}
        except SidecarError as error:
            _log.warning("streams not told", pages=len(changes), error=str(error))
            return [None] * len(changes)
        touched: set[Watch] = set()
        for row in rows:
            page = Page(row, queue_position(boards[row.cafe_id], row))
            for watch in self._following(_topics_of(row)):
                watch.update(page)
                touched.add(watch)
        for cafe_id, board in boards.items():
            for watch in self._following([f"queue:{cafe_id}"]):
                watch.move(cafe_id, board)
                touched.add(watch)
        for watch in touched & self._topics.keys():
            self.listen(watch)
        return [None] * len(changes)

    def _following(self, topics: Iterable[str]) -> set[Watch]:
        return {watch for topic in topics for watch in self._watches.get(topic, ())}


def _topics_of(change: Changed | Row) -> tuple[str, ...]:
    cafe_id = change.cafe_id
    return f"customer:{change.customer_id}", f"cafe:{cafe_id}", f"queue:{cafe_id}", "deliveries"


def _cafes(changes: Iterable[Changed]) -> set[str]:
    return {change.cafe_id for change in changes}
