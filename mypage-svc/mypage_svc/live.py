"""Who follows which pages right now, in this replica, and what they are still to be sent.

A change is heard of by all replicas; the one somebody is connected to reads the rows again, once
for all who follow them, and many changes together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from pydantic_core import to_json

from cafe_kit.batches import Batches
from cafe_kit.clock import Clock
from cafe_kit.logs import get_logger
from cafe_kit.sidecar import SidecarError
from cafe_kit.streams import Frame
from mypage_svc.events import Changed
from mypage_svc.indexes import Entry, board_of, queue_position
from mypage_svc.model import Page, Row
from mypage_svc.outbox import OUTBOX_LIMIT, Outbox
from mypage_svc.ports import Pages

SINCE_MARGIN: Final = timedelta(seconds=30)
"""Changes reach a reader nearly in the sequence of their times: replicas' clocks differ, and what
was missed is found by the next look. Repeats are harmless."""
_log = get_logger()


class View(Protocol):
    """What a stream shows: which orders, read how, written how."""

    topics: frozenset[str]
    """Any of "customer:<id>", "cafe:<id>", "deliveries": whose changes to look at."""
    keeps: bool
    """Whether an order, once shown, stays: a customer's own do, those of a board leave."""

    def shows(self, row: Row) -> bool:
        """Say whether an order belongs here."""
        ...

    async def read(self) -> list[Page]:
        """Return what there is to show now."""
        ...

    async def snapshot(self) -> tuple[bytes, list[Page]]:
        """Return the same as a body (JSON), and the pages in it."""
        ...

    def body(self, page: Page) -> bytes:
        """Return one page as JSON."""
        ...


class Watch:
    """What one stream has shown, and what waits to be sent (`cafe_kit.streams.Feed`)."""

    def __init__(self, live: "Live", view: View, now: datetime) -> None:
        self.view = view
        self.shown: dict[str, Page] = {}
        self._live = live
        self._outbox = Outbox()
        self._looked_at = now
        self._newest_ms = 0

    @property
    def topics(self) -> set[str]:
        """What changes to look at: the view's, and the queues in which an order shown waits."""
        waiting = {p.row.cafe_id for p in self.shown.values() if p.queue_position is not None}
        return {*self.view.topics, *(f"queue:{cafe_id}" for cafe_id in waiting)}

    def update(self, page: Page) -> None:
        """Show a page, or take it away."""
        order_id = page.row.order_id
        if self.view.shows(page.row):
            self._show(page)
        elif order_id in self.shown:
            del self.shown[order_id]
            self._outbox.put(order_id, self._frame("gone", to_json({"order_id": order_id}), page))

    def move(self, cafe_id: str, board: Sequence[Entry]) -> None:
        """Tell whose place in a cafe's queue has changed, where that matters: to the customer."""
        for page in list(self.shown.values()) if self.view.keeps else ():
            place = queue_position(board, page.row.order_id)
            if page.row.cafe_id == cafe_id and place != page.queue_position:
                self._show(replace(page, queue_position=place))

    async def begin(self, since: datetime | None) -> None:
        """Queue what there is to begin with: everything, or what has changed since."""
        if since is None or not self.view.keeps:
            await self._snapshot()
            return
        self._looked_at = since
        await self.look()

    async def take(self) -> Sequence[Frame]:
        frames = await self._outbox.take()
        if not self._outbox.overflowed:
            return frames
        try:
            await self._snapshot()
        except SidecarError:  # The next look tries again.
            return []
        return await self._outbox.take()

    async def look(self) -> None:
        if self._outbox.overflowed:
            await self._snapshot()
            return
        since, self._looked_at = self._looked_at - SINCE_MARGIN, self._live.now()
        pages = await self.view.read()
        for page in pages:
            known = self.shown.get(page.row.order_id)
            if known is None and self.view.keeps and (page.row.changed_at or since) < since:
                self.shown[page.row.order_id] = page
            elif known != page:
                self.update(page)
        if not self.view.keeps:
            left = self.shown.keys() - {page.row.order_id for page in pages}
            for row in await self._live.rows(left):
                self.update(Page(row, None))
        self._live.listen(self)

    def close(self) -> None:
        self._live.forget(self)

    async def _snapshot(self) -> None:
        now = self._live.now()
        body, pages = await self.view.snapshot()
        self.shown = {page.row.order_id: page for page in pages}
        self._newest_ms = max(self._newest_ms, _ms(now))
        self._outbox.restart(Frame("snapshot", body, self._newest_ms))
        self._looked_at = now
        self._live.listen(self)

    def _show(self, page: Page) -> None:
        self.shown[page.row.order_id] = page
        frame = self._frame("page", self.view.body(page), page)
        self._outbox.put(page.row.order_id, frame)

    def _frame(self, event: str, data: bytes, page: Page) -> Frame:
        self._newest_ms = max(self._newest_ms, _ms(page.row.changed_at or self._live.now()))
        return Frame(event, data, self._newest_ms)


class Live:
    """The streams of this replica, by what they want to hear of."""

    def __init__(self, pages: Pages, clock: Clock) -> None:
        self.now = clock
        self._pages = pages
        self._watches: dict[str, set[Watch]] = {}
        self._topics: dict[Watch, set[str]] = {}
        self._changes = Batches(self._spread, limit=OUTBOX_LIMIT)

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
        for topic in before - after:
            self._watches[topic].discard(watch)
            if not self._watches[topic]:
                del self._watches[topic]
        for topic in after - before:
            self._watches.setdefault(topic, set()).add(watch)
        self._topics[watch] = after

    def forget(self, watch: Watch) -> None:
        """End a watch."""
        for topic in self._topics.pop(watch, set()):
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
            page = Page(row, queue_position(boards[row.cafe_id], row.order_id))
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


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
