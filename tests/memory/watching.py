"""One stream over rows that a test sets, and reads that it lets through."""

import asyncio
from collections.abc import Sequence
from functools import reduce

from cafe_kit.sidecar import Unavailable
from cafe_kit.streams import Frame
from mypage_svc.domain import fold, is_on_board
from mypage_svc.events import Changed
from mypage_svc.indexes import (
    Entry,
    Shelf,
    board_of,
    entry_of,
    merged,
    queue_position,
)
from mypage_svc.live import Live
from mypage_svc.model import Page, Row
from mypage_svc.watch import Watch
from tests.memory.node import Clock
from tests.memory.stories import START, story


class Store:
    """Rows that tests set; `away` while it is."""

    def __init__(self) -> None:
        self.found: dict[str, Row] = {}
        self.away = False

    def set(self, order_id: str, steps: int) -> None:
        row = reduce(fold, story(order_id, steps), None)
        assert row is not None
        self.found[order_id] = row

    async def rows(self, order_ids: Sequence[str]) -> list[Row]:
        if self.away:
            raise Unavailable("no store")
        return [self.found[order_id] for order_id in order_ids if order_id in self.found]

    async def on_lists(self, names: Sequence[str]) -> list[Entry]:
        rows = self.found.values()
        shelf = Shelf(tuple(e for name in names for row in rows if (e := entry_of(name, row))))
        return merged([shelf])


class Board:
    """A view of all rows that are on a board, at most `most`; what it reads it gives when let."""

    keeps = False
    topics = frozenset({"cafe:gangnam"})

    def __init__(self, store: Store, *, most: int = 1_000) -> None:
        self._store = store
        self._most = most
        self.let = asyncio.Event()
        self.let.set()
        self.reads = 0

    def shows(self, row: Row) -> bool:
        return is_on_board(row)

    async def read(self) -> list[Page]:
        self.reads += 1
        rows = await self._store.rows(sorted(self._store.found))
        board = await self._store.on_lists([board_of("gangnam")])
        pages = [Page(r, queue_position(board, r)) for r in rows if self.shows(r)][: self._most]
        await self.let.wait()
        return pages

    async def snapshot(self) -> tuple[bytes, list[Page]]:
        pages = await self.read()
        return ",".join(page.row.order_id for page in pages).encode(), pages

    def body(self, page: Page) -> bytes:
        status = page.row.cafe_order.status if page.row.cafe_order else ""
        return f"{page.row.order_id} {status}".encode()


class Mine(Board):
    """The same of a customer: what is shown once stays."""

    keeps = True
    topics = frozenset({"customer:ana"})

    def shows(self, row: Row) -> bool:
        return row.placed is not None


class Watching:
    """One stream over a store that tests write."""

    def __init__(self) -> None:
        self.clock = Clock(START)
        self.store = Store()
        self.live = Live(self.store, self.clock)
        self.board = Board(self.store)

    def change(self, order_id: str, steps: int) -> None:
        """Write a row and announce it."""
        self.store.set(order_id, steps)
        self.live.tell([Changed(order_id, "ana", "gangnam")])


async def turn() -> None:
    """Let everybody do what there is to do now."""
    for _ in range(10):
        await asyncio.sleep(0)


async def sent(watch: Watch) -> list[tuple[str, str]]:
    """Return what waits to be sent: event and data."""
    await turn()
    frames: list[Frame] = []
    try:
        async with asyncio.timeout(0.05):
            while True:
                frames += await watch.take()
    except TimeoutError:
        return [(frame.event, frame.data.decode()) for frame in frames]
