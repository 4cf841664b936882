"""mypage-svc's routes for operators: every order that is not at rest, and any order's story."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from cafe_kit.auth import Principal, require
from cafe_kit.pages import CURSOR_LIMIT, PageSize, decoded, encoded
from cafe_kit.problems import NotFound
from mypage_svc import use_cases
from mypage_svc.bodies import StoriesBody, StoryBody, story
from mypage_svc.indexes import Entry
from mypage_svc.model import OrderStatus
from mypage_svc.use_cases import MyPages

router = APIRouter(prefix="/ops/orders", tags=["operations"])
Operator = Annotated[Principal, Depends(require("operator"))]


@router.get("")
async def get_unsettled(
    request: Request,
    _: Operator,
    limit: PageSize,
    status: OrderStatus | None = None,
    cursor: Annotated[str | None, Query(max_length=CURSOR_LIMIT)] = None,
) -> StoriesBody:
    """List orders that are not at rest, oldest first. A page can be short and yet have a next."""
    service: MyPages = request.app.state.service
    after = None
    if cursor:
        at, order_id = decoded(cursor)
        after = Entry(order_id, at)
    rows, last = await use_cases.unsettled(service, after=after, status=status, limit=limit)
    now = service.clock()
    items = [story(row, now, service.stuck_after_s) for row in rows]
    return StoriesBody(items=items, next=encoded(last.at, last.order_id) if last else None)


@router.get("/{order_id}")
async def get_story(request: Request, order_id: str, _: Operator) -> StoryBody:
    """Read what each owner has said of an order."""
    service: MyPages = request.app.state.service
    row = await service.pages.row(order_id)
    if row is None:
        raise NotFound("Nothing was ever said of such an order.")
    return story(row, service.clock(), service.stuck_after_s)
