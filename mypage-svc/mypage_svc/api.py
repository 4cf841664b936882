"""mypage-svc's public routes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from cafe_kit.auth import Principal, require
from cafe_kit.pages import CURSOR_LIMIT, PageSize
from cafe_kit.problems import Forbidden, NotFound
from mypage_svc import use_cases
from mypage_svc.bodies import (
    BoardBody,
    DeliveriesBody,
    PageBody,
    PagesBody,
    board_item,
    delivery,
    page_body,
)
from mypage_svc.cursors import after, cursor
from mypage_svc.use_cases import MyPages

router = APIRouter(tags=["my-pages"])
Customer = Annotated[Principal, Depends(require("customer"))]
Staff = Annotated[Principal, Depends(require("barista", "operator"))]
Rider = Annotated[Principal, Depends(require("rider", "operator"))]
CafeId = Annotated[str, Path(max_length=40)]


@router.get("/my-pages")
async def get_pages(
    request: Request,
    caller: Customer,
    limit: PageSize,
    cursor_: Annotated[str | None, Query(alias="cursor", max_length=CURSOR_LIMIT)] = None,
) -> PagesBody:
    """List the caller's own orders, newest first."""
    place = after(cursor_) if cursor_ else None
    pages, more = await use_cases.pages_of(
        request.app.state.service, caller.sub, after=place, limit=limit
    )
    return PagesBody(items=[page_body(page) for page in pages], next=cursor(more))


@router.get("/my-pages/{order_id}")
async def get_page(request: Request, order_id: str, caller: Customer) -> PageBody:
    """Follow one's own order; eventually consistent."""
    page = await use_cases.page_of(request.app.state.service, order_id, caller.sub)
    if page is None:
        raise NotFound("You have no such order, or its page is not there yet.")
    return page_body(page)


@router.get("/boards/{cafe_id}")
async def get_board(request: Request, cafe_id: CafeId, caller: Staff) -> BoardBody:
    """List what a cafe has to do: for its baristas, and for operators."""
    check_board(caller, cafe_id)
    service: MyPages = request.app.state.service
    pages, now = await use_cases.board(service, cafe_id), service.clock()
    return BoardBody(items=[board_item(page, now) for page in pages])


@router.get("/deliveries")
async def get_deliveries(request: Request, caller: Rider) -> DeliveriesBody:
    """List what a rider can take and what they are on the way with; for operators, all of it."""
    service: MyPages = request.app.state.service
    pages, now = await use_cases.to_deliver(service, rider_of(caller)), service.clock()
    return DeliveriesBody(items=[delivery(page, now) for page in pages])


def check_board(caller: Principal, cafe_id: str) -> None:
    """Raise `Forbidden` for a barista of another cafe."""
    if "operator" not in caller.roles and caller.claims.get("cafe_id") != cafe_id:
        raise Forbidden("This board is another cafe's.")


def rider_of(caller: Principal) -> str | None:
    """Return whose deliveries the caller may see; None for all."""
    return None if "operator" in caller.roles else caller.sub
