"""mypage-svc's public routes."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel

from cafe_kit.auth import Principal, require
from cafe_kit.pages import CURSOR_LIMIT, PageSize, decoded, encoded
from cafe_kit.problems import Forbidden, NotFound
from mypage_svc import use_cases
from mypage_svc.domain import (
    DeliveryStatus,
    Fulfilment,
    Item,
    Money,
    OrderStatus,
    RefundStatus,
    delivery_status,
    order_status,
    refund_status,
)
from mypage_svc.indexes import Mine
from mypage_svc.use_cases import MyPages, Page

router = APIRouter(tags=["my-pages"])


class MomentBody(BaseModel):
    """One line of the timeline."""

    event: str
    at: AwareDatetime


class PageBody(BaseModel):
    """An order as its customer sees it."""

    order_id: str
    cafe_id: str
    order_status: OrderStatus
    delivery_status: DeliveryStatus
    refund_status: RefundStatus
    queue_position: int | None
    ready_at: AwareDatetime | None
    items: tuple[Item, ...]
    total: Money
    fulfilment: Fulfilment
    note: str | None
    placed_at: AwareDatetime
    timeline: list[MomentBody]


class PagesBody(BaseModel):
    """Some pages, and the cursor of those after them."""

    items: list[PageBody]
    next: str | None


class BoardItemBody(PageBody):
    """An order as the cafe's baristas see it; `waiting_s` counts from its queueing."""

    waiting_s: int


class BoardBody(BaseModel):
    """A cafe's active orders, longest waiting first."""

    items: list[BoardItemBody]
    next: None = None


@router.get("/my-pages")
async def get_pages(
    request: Request,
    caller: Annotated[Principal, Depends(require("customer"))],
    limit: PageSize,
    cursor: Annotated[str | None, Query(max_length=CURSOR_LIMIT)] = None,
) -> PagesBody:
    """List the caller's own orders, newest first."""
    service: MyPages = request.app.state.service
    before = None
    if cursor:
        placed_at, order_id = decoded(cursor)
        before = Mine(order_id, placed_at)
    pages = await use_cases.pages_of(service, caller.sub, before=before, limit=limit + 1)
    more = len(pages) > limit
    items = [_body(page) for page in pages[:limit]]
    return PagesBody(items=items, next=_cursor(items[-1]) if more else None)


@router.get("/my-pages/{order_id}")
async def get_page(
    request: Request, order_id: str, caller: Annotated[Principal, Depends(require("customer"))]
) -> PageBody:
    """Follow one's own order; eventually consistent."""
    page = await use_cases.page_of(request.app.state.service, order_id, caller.sub)
    if page is None:
        raise NotFound("You have no such order, or its page is not there yet.")
    return _body(page)


@router.get("/boards/{cafe_id}")
async def get_board(
    request: Request,
    cafe_id: str,
    caller: Annotated[Principal, Depends(require("barista", "operator"))],
) -> BoardBody:
    """List what a cafe has to do: for its baristas, and for operators."""
    if "operator" not in caller.roles and caller.claims.get("cafe_id") != cafe_id:
        raise Forbidden("This board is another cafe's.")
    service: MyPages = request.app.state.service
    now = service.clock()
    pages = [page for page in await use_cases.board_of(service, cafe_id) if page.row.placed]
    return BoardBody(items=[_board_item(page, now) for page in pages])


def _body(page: Page) -> PageBody:
    row, placed = page.row, page.row.placed
    assert placed is not None  # noqa: S101 - rows without it are not shown
    return PageBody(
        order_id=row.order_id,
        cafe_id=row.cafe_id,
        order_status=order_status(row),
        delivery_status=delivery_status(row),
        refund_status=refund_status(row),
        queue_position=page.queue_position,
        ready_at=row.ready_at,
        items=placed.items,
        total=placed.total,
        fulfilment=placed.fulfilment,
        note=placed.note,
        placed_at=placed.at,
        timeline=[MomentBody(event=m.event, at=m.at) for m in row.timeline],
    )


def _board_item(page: Page, now: datetime) -> BoardItemBody:
    queued_at = page.row.queued_at or now
    waiting_s = max(0, int((now - queued_at).total_seconds()))
    return BoardItemBody(**_body(page).model_dump(), waiting_s=waiting_s)


def _cursor(last: PageBody) -> str:
    return encoded(last.placed_at, last.order_id)
