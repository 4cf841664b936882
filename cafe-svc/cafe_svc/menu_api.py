"""cafe-svc's routes for cafes and menus: public to read, a cafe's own baristas change them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from cafe_kit.auth import Principal, require
from cafe_kit.problems import Forbidden
from cafe_svc.catalogue import (
    Cafe,
    CloseCafe,
    MarkSoldOut,
    Money,
    OpenCafe,
    Restock,
    SetMenuItem,
    Status,
    Trigger,
)
from cafe_svc.use_cases import CafeOrders

router = APIRouter(tags=["menu"])
Id = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Barista = Annotated[Principal, Depends(require("barista"))]


class MenuItemBody(BaseModel):
    """A drink on the menu."""

    menu_id: str
    name: str
    price: Money
    sold_out: bool


class MenuBody(BaseModel):
    """A cafe's menu. For a cafe nobody knows: `open` null, no items, and still 200.

    A 404 would count against the caller's circuit breaker, as daprd 1.18.2 does it.
    """

    cafe_id: str
    open: bool | None
    items: list[MenuItemBody]
    next: None = None


class CafeBody(BaseModel):
    """A cafe one can order from."""

    cafe_id: str
    name: str
    open: bool


class CafesBody(BaseModel):
    """All cafes."""

    items: list[CafeBody]
    next: None = None


class PriceBody(BaseModel):
    """A price in minor units."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[int, Field(strict=True, gt=0, le=10_000_000)]
    currency: Annotated[str, Field(pattern="^KRW$")]


class SetMenuItemBody(BaseModel):
    """A drink's name and price."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60)]
    price: PriceBody


@router.get("/menus")
async def get_menu(
    request: Request, cafe_id: Annotated[str, Query(min_length=1, max_length=40)]
) -> MenuBody:
    """Read a cafe's menu; public."""
    service: CafeOrders = request.app.state.service
    cafe = await service.catalogue.get(cafe_id)
    if cafe is None:
        return MenuBody(cafe_id=cafe_id, open=None, items=[])
    return _menu(cafe)


@router.get("/cafes")
async def get_cafes(request: Request) -> CafesBody:
    """List the cafes; public."""
    service: CafeOrders = request.app.state.service
    cafes = await service.catalogue.all()
    return CafesBody(
        items=[
            CafeBody(cafe_id=c.cafe_id, name=c.name, open=c.status is Status.OPEN) for c in cafes
        ]
    )


@router.put("/menus/{cafe_id}/items/{menu_id}")
async def set_menu_item(
    request: Request, cafe_id: Id, menu_id: Id, body: SetMenuItemBody, caller: Barista
) -> MenuBody:
    """Put a drink on the menu, or change its name or price; it can be had from now on."""
    price = Money(body.price.amount, body.price.currency)
    return await _change(request, cafe_id, caller, SetMenuItem(menu_id, body.name, price))


@router.post("/menus/{cafe_id}/items/{menu_id}/sold-out")
async def mark_sold_out(request: Request, cafe_id: Id, menu_id: Id, caller: Barista) -> MenuBody:
    """Take a drink off for now; repeating it is fine."""
    return await _change(request, cafe_id, caller, MarkSoldOut(menu_id))


@router.post("/menus/{cafe_id}/items/{menu_id}/restock")
async def restock(request: Request, cafe_id: Id, menu_id: Id, caller: Barista) -> MenuBody:
    """Offer a drink again; repeating it is fine."""
    return await _change(request, cafe_id, caller, Restock(menu_id))


@router.post("/cafes/{cafe_id}/open")
async def open_cafe(request: Request, cafe_id: Id, caller: Barista) -> MenuBody:
    """Take orders; repeating it is fine."""
    return await _change(request, cafe_id, caller, OpenCafe())


@router.post("/cafes/{cafe_id}/close")
async def close_cafe(request: Request, cafe_id: Id, caller: Barista) -> MenuBody:
    """Take no more orders; what is queued goes on. Repeating it is fine."""
    return await _change(request, cafe_id, caller, CloseCafe())


async def _change(request: Request, cafe_id: str, caller: Principal, trigger: Trigger) -> MenuBody:
    if caller.claims.get("cafe_id") != cafe_id:
        raise Forbidden("This cafe is another barista's.")
    service: CafeOrders = request.app.state.service
    return _menu(await service.catalogue.change(cafe_id, trigger))


def _menu(cafe: Cafe) -> MenuBody:
    items = [
        MenuItemBody(menu_id=i.menu_id, name=i.name, price=i.price, sold_out=i.sold_out)
        for i in cafe.items
    ]
    return MenuBody(cafe_id=cafe.cafe_id, open=cafe.status is Status.OPEN, items=items)
