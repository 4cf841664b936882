"""One short function per reaction and question of mypage-svc."""

from dataclasses import dataclass

from cafe_kit.clock import Clock
from cafe_kit.events import Cause, Received
from cafe_kit.outcomes import Done, Outcome
from mypage_svc.domain import Row
from mypage_svc.inbound import Told
from mypage_svc.indexes import BOARD_LIMIT, BoardIndex, Mine, queue_position
from mypage_svc.ports import Pages
from mypage_svc.projector import Projector


@dataclass(frozen=True, slots=True)
class MyPages:
    """What the use cases work with."""

    pages: Pages
    projector: Projector
    clock: Clock


@dataclass(frozen=True, slots=True)
class Page:
    """A row, and its place in the cafe's queue (1 is next, None when it does not wait)."""

    row: Row
    queue_position: int | None


async def project(service: MyPages, event: Received[Told], _: Cause) -> Outcome:
    """Fold an event into its page; whether it is new, the fold finds out."""
    await service.projector.project(event.data.fact())
    return Done()


async def page_of(service: MyPages, order_id: str, customer_id: str) -> Page | None:
    """Return one page, or None when there is none or it is another's."""
    row = await service.pages.row(order_id)
    if row is None or row.placed is None or row.customer_id != customer_id:
        return None
    board = await service.pages.of_cafe(row.cafe_id)
    return Page(row, queue_position(board, order_id))


async def pages_of(
    service: MyPages, customer_id: str, *, before: Mine | None, limit: int
) -> list[Page]:
    """Return up to `limit` of a customer's pages, newest first, from after `before` on."""
    index = await service.pages.of_customer(customer_id)
    later = [
        mine
        for mine in index.orders
        if before is None or (mine.placed_at, mine.order_id) < (before.placed_at, before.order_id)
    ]
    rows = await service.pages.rows([mine.order_id for mine in later[:limit]])
    boards: dict[str, BoardIndex] = {}
    for cafe_id in {row.cafe_id for row in rows}:
        boards[cafe_id] = await service.pages.of_cafe(cafe_id)
    return [Page(row, queue_position(boards[row.cafe_id], row.order_id)) for row in rows]


async def board_of(service: MyPages, cafe_id: str) -> list[Page]:
    """Return a cafe's first `BOARD_LIMIT` active orders, longest waiting first."""
    index = await service.pages.of_cafe(cafe_id)
    rows = await service.pages.rows([active.order_id for active in index.orders[:BOARD_LIMIT]])
    return [Page(row, queue_position(index, row.order_id)) for row in rows]
