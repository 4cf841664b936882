"""One short function per reaction and question of mypage-svc."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cafe_kit.clock import Clock
from cafe_kit.events import Cause, Received
from cafe_kit.outcomes import Done, Outcome
from mypage_svc.domain import is_at_rest, is_delivery, is_on_board, order_status
from mypage_svc.inbound import PageChanged, Told
from mypage_svc.indexes import (
    BOARD_LIMIT,
    Entry,
    Mine,
    board_of,
    deliveries,
    open_orders,
    queue_position,
)
from mypage_svc.live import Live
from mypage_svc.model import OrderStatus, Page, Row
from mypage_svc.ports import Pages
from mypage_svc.projector import Projector

LOOK_THROUGH: Final = 500
"""How many open orders one question of an operator looks through."""


@dataclass(frozen=True, slots=True)
class MyPages:
    """What the use cases work with; an open order is stuck when quiet for `stuck_after_s`."""

    pages: Pages
    projector: Projector
    live: Live
    clock: Clock
    stuck_after_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a customer's list goes on: behind this order, in that document of it."""

    mine: Mine
    number: int


async def project(service: MyPages, event: Received[Told], _: Cause) -> Outcome:
    """Fold an event into its page; whether it is new, the fold finds out."""
    await service.projector.project(event.data.fact())
    return Done()


async def show(service: MyPages, event: Received[PageChanged], _: Cause) -> Outcome:
    """Show pages that some replica has written to those who follow them here."""
    service.live.tell(event.data.changes)
    return Done()


async def page_of(service: MyPages, order_id: str, customer_id: str) -> Page | None:
    """Return one page, or None when there is none or it is another's."""
    row = await service.pages.row(order_id)
    if row is None or row.placed is None or row.customer_id != customer_id:
        return None
    return Page(row, queue_position(await _board(service, row.cafe_id), row))


async def pages_of(
    service: MyPages, customer_id: str, *, after: Place | None, limit: int
) -> tuple[list[Page], Place | None]:
    """Return up to `limit` of a customer's pages, newest first, and where to go on, if anywhere."""
    places: list[Place] = []
    number, passed = (after.number, False) if after else (0, True)
    while len(places) <= limit:
        index = await service.pages.of_customer(customer_id, number)
        for mine in index.orders:
            if passed:
                places.append(Place(mine, number))
            passed = passed or (after is not None and mine.order_id == after.mine.order_id)
        # The order at the cursor may have moved behind meanwhile: then it is looked for there.
        number = number - 1 if number else index.behind
        if number == 0 or not index.orders:
            break
    shown = places[:limit]
    rows = await service.pages.rows([place.mine.order_id for place in shown])
    # A list may be there a moment before the row that belongs on it.
    pages = await _with_positions(service, [row for row in rows if row.placed])
    return pages, shown[-1] if len(places) > limit else None


async def board(service: MyPages, cafe_id: str) -> list[Page]:
    """Return a cafe's first `BOARD_LIMIT` active orders, longest waiting first."""
    entries = await _board(service, cafe_id)
    rows = await service.pages.rows([entry.order_id for entry in entries[:BOARD_LIMIT]])
    # A row that has just left may still be on the list.
    there = (row for row in rows if row.placed and is_on_board(row))
    return [Page(row, queue_position(entries, row)) for row in there]


async def to_deliver(service: MyPages, rider: str | None) -> list[Page]:
    """Return up to `BOARD_LIMIT` deliveries to take or under way: those of a rider, or all."""
    entries = await service.pages.on_lists(deliveries())
    rows = await service.pages.rows([entry.order_id for entry in entries[:LOOK_THROUGH]])
    return [Page(row, None) for row in rows if may_deliver(row, rider)][:BOARD_LIMIT]


def may_deliver(row: Row, rider: str | None) -> bool:
    """Say whether a delivery is for this rider's eyes: nobody's yet, or theirs. None sees all."""
    return is_delivery(row) and row.placed is not None and (rider in (None, row.rider or rider))


async def unsettled(
    service: MyPages, *, after: Entry | None, status: OrderStatus | None, limit: int
) -> tuple[list[Row], Entry | None]:
    """Return orders that are not at rest, oldest first, and the last one looked at if more follow.

    Looks through `LOOK_THROUGH` at a time, so a page can have fewer than `limit` and yet a next.
    """
    entries = await service.pages.on_lists(open_orders())
    later = [e for e in entries if after is None or (e.at, e.order_id) > (after.at, after.order_id)]
    found: list[Row] = []
    looked = 0
    while looked < min(len(later), LOOK_THROUGH) and len(found) < limit:
        some = later[looked : looked + limit]
        for row in await service.pages.rows([entry.order_id for entry in some]):
            # The list may be a moment behind the row.
            fits = status in (None, order_status(row)) and not is_at_rest(row)
            if len(found) < limit and fits:
                found.append(row)
        looked += len(some)
    if len(found) == limit:
        looked = next(n for n, e in enumerate(later, 1) if e.order_id == found[-1].order_id)
    return found, later[looked - 1] if 0 < looked < len(later) else None


async def _board(service: MyPages, cafe_id: str) -> list[Entry]:
    return await service.pages.on_lists([board_of(cafe_id)])


async def _with_positions(service: MyPages, rows: Sequence[Row]) -> list[Page]:
    boards = {cafe_id: await _board(service, cafe_id) for cafe_id in {r.cafe_id for r in rows}}
    return [Page(row, queue_position(boards[row.cafe_id], row)) for row in rows]
