"""One stream: what it shows, what it has shown, and what waits to be sent on it."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from pydantic_core import to_json

from cafe_kit.clock import Clock
from cafe_kit.sidecar import SidecarError
from cafe_kit.streams import Frame
from mypage_svc.indexes import Entry, queue_position
from mypage_svc.model import Page, Row
from mypage_svc.outbox import Outbox

SINCE_MARGIN: Final = timedelta(seconds=30)
"""Changes reach a reader nearly in the sequence of their times: replicas' clocks differ, and what
was missed is found by the next look. Repeats are harmless."""


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


class Followed(Protocol):
    """Where watches are told of changes."""

    now: Clock

    async def rows(self, order_ids: Iterable[str]) -> list[Row]:
        """Return the rows that exist. Raises `SidecarError`."""
        ...

    def listen(self, watch: "Watch") -> None:
        """Register what a watch wants to hear of, as it is now."""
        ...

    def forget(self, watch: "Watch") -> None:
        """End a watch."""
        ...


class Watch:
    """What one stream has shown, and what waits to be sent (`cafe_kit.streams.Feed`)."""

    def __init__(self, live: Followed, view: View, now: datetime) -> None:
        self.view = view
        self.shown: dict[str, Page] = {}
        self._live = live
        self._outbox = Outbox()
        self._looked_at = now
        self._newest_ms = 0
        self._waiting: list[Callable[[], None]] | None = None

    @property
    def topics(self) -> set[str]:
        """What changes to look at: the view's, and the queues in which an order shown waits."""
        waiting = {p.row.cafe_id for p in self.shown.values() if p.queue_position is not None}
        return {*self.view.topics, *(f"queue:{cafe_id}" for cafe_id in waiting)}

    def update(self, page: Page) -> None:
        """Show a page, or take it away."""
        self._tell(partial(self._update, page))

    def move(self, cafe_id: str, board: Sequence[Entry]) -> None:
        """Tell whose place in a cafe's queue has changed, where that matters: to the customer."""
        if self.view.keeps:
            self._tell(partial(self._move, cafe_id, board))

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
        now = self._live.now()
        with self._reading():
            pages = await self.view.read()
            left = self.shown.keys() - {page.row.order_id for page in pages}
            rows = [] if self.view.keeps else await self._live.rows(left)
            since, self._looked_at = self._looked_at - SINCE_MARGIN, now
            for page in pages:
                known = self.shown.get(page.row.order_id)
                # Of one that waits, its place can have changed although its row has not.
                settled = self.view.keeps and page.queue_position is None
                if known is None and settled and (page.row.changed_at or since) < since:
                    self.shown[page.row.order_id] = page
                elif known != page:
                    self._update(page)
            for row in rows:
                if not self.view.shows(row):  # Else the list is longer than what is shown of it.
                    self._update(Page(row, None))
        self._live.listen(self)

    def close(self) -> None:
        self._live.forget(self)

    @contextmanager
    def _reading(self) -> Generator[None]:
        """Put off what is told meanwhile: what is being read may be older."""
        waiting = self._waiting = list[Callable[[], None]]()
        try:
            yield
        finally:
            self._waiting = None
            for tell in waiting:
                tell()

    async def _snapshot(self) -> None:
        now = self._live.now()
        with self._reading():
            body, pages = await self.view.snapshot()
            self.shown = {page.row.order_id: page for page in pages}
            self._newest_ms = max(self._newest_ms, _ms(now))
            self._outbox.restart(Frame("snapshot", body, self._newest_ms))
            self._looked_at = now
        self._live.listen(self)

    def _tell(self, change: Callable[[], None]) -> None:
        if self._waiting is None:
            change()
        else:
            self._waiting.append(change)

    def _update(self, page: Page) -> None:
        order_id = page.row.order_id
        if self.view.shows(page.row):
            self._show(page)
        elif order_id in self.shown:
            del self.shown[order_id]
            self._outbox.put(order_id, self._frame("gone", to_json({"order_id": order_id}), page))

    def _move(self, cafe_id: str, board: Sequence[Entry]) -> None:
        for page in list(self.shown.values()):
            place = queue_position(board, page.row)
            if page.row.cafe_id == cafe_id and place != page.queue_position:
                self._show(replace(page, queue_position=place))

    def _show(self, page: Page) -> None:
        self.shown[page.row.order_id] = page
        frame = self._frame("page", self.view.body(page), page)
        self._outbox.put(page.row.order_id, frame)

    def _frame(self, event: str, data: bytes, page: Page) -> Frame:
        self._newest_ms = max(self._newest_ms, _ms(page.row.changed_at or self._live.now()))
        return Frame(event, data, self._newest_ms)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
