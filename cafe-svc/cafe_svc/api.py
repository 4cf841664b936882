"""cafe-svc's public routes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from cafe_kit.auth import Principal, require
from cafe_kit.problems import Forbidden, NotFound
from cafe_kit.repository import Snapshot
from cafe_svc import use_cases
from cafe_svc.catalogue import Money
from cafe_svc.catalogue import Status as CafeStatus
from cafe_svc.domain import (
    Accept,
    CafeOrder,
    ConfirmDelivery,
    FinishMaking,
    Fulfilment,
    HandOver,
    Item,
    StartDelivery,
    StartMaking,
    Status,
    Trigger,
)
from cafe_svc.use_cases import CafeOrders

router = APIRouter(tags=["cafe"])


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


class CafeOrderBody(BaseModel):
    """An order at the cafe as it reads back."""

    order_id: str
    customer_id: str
    cafe_id: str
    status: Status
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None
    queued_at: AwareDatetime
    ready_at: AwareDatetime
    barista: str | None
    rider: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Command:
    """A step a person may take: its role, and the trigger made of who and when."""

    role: str
    trigger: Callable[[CafeOrders, Principal], Trigger]


COMMANDS: Final = {
    "accept": Command("barista", lambda s, _: Accept(s.clock() + s.making_time)),
    "start": Command("barista", lambda _, who: StartMaking(who.sub)),
    "finish": Command("barista", lambda _, who: FinishMaking(who.sub)),
    "hand-over": Command("barista", lambda _, __: HandOver()),
    "start-delivery": Command("rider", lambda _, who: StartDelivery(who.sub)),
    "confirm-delivery": Command("rider", lambda _, who: ConfirmDelivery(who.sub)),
}


@router.get("/menus")
async def get_menu(
    request: Request, cafe_id: Annotated[str, Query(min_length=1, max_length=40)]
) -> MenuBody:
    """Read a cafe's menu; public."""
    service: CafeOrders = request.app.state.service
    cafe = await service.catalogue.get(cafe_id)
    if cafe is None:
        return MenuBody(cafe_id=cafe_id, open=None, items=[])
    items = [
        MenuItemBody(menu_id=i.menu_id, name=i.name, price=i.price, sold_out=i.sold_out)
        for i in cafe.items
    ]
    return MenuBody(cafe_id=cafe_id, open=cafe.status is CafeStatus.OPEN, items=items)


@router.get("/cafes")
async def get_cafes(request: Request) -> CafesBody:
    """List the cafes; public."""
    service: CafeOrders = request.app.state.service
    cafes = await service.catalogue.all()
    return CafesBody(
        items=[
            CafeBody(cafe_id=c.cafe_id, name=c.name, open=c.status is CafeStatus.OPEN)
            for c in cafes
        ]
    )


@router.get("/cafe-orders/{order_id}", response_model=CafeOrderBody)
async def get_cafe_order(
    request: Request, order_id: str, caller: Annotated[Principal, Depends(require())]
) -> Response:
    """Read an order at the cafe: its customer, a barista of that cafe, a rider, an operator."""
    found = await _visible(request.app.state.service, order_id, caller)
    return _response(found)


def _handler(command: Command) -> Callable[..., Awaitable[Response]]:
    async def handle(
        request: Request,
        order_id: str,
        caller: Annotated[Principal, Depends(require(command.role))],
    ) -> Response:
        service: CafeOrders = request.app.state.service
        found = await use_cases.get_cafe_order(service, order_id)
        if found is None:
            raise NotFound("There is no such order at the cafe.")
        if command.role == "barista" and caller.claims.get("cafe_id") != found.state.cafe_id:
            raise Forbidden("This order is another cafe's.")
        return _response(
            await use_cases.command(service, order_id, command.trigger(service, caller))
        )

    return handle


for _name, _command in COMMANDS.items():
    router.add_api_route(
        f"/cafe-orders/{{order_id}}/{_name}",
        _handler(_command),
        methods=["POST"],
        response_model=CafeOrderBody,
        operation_id=_name.replace("-", "_"),
        summary=f"{_name} (role {_command.role}); repeating it is fine",
    )


async def _visible(service: CafeOrders, order_id: str, caller: Principal) -> Snapshot[CafeOrder]:
    found = await use_cases.get_cafe_order(service, order_id)
    if found is None:
        raise NotFound("There is no such order at the cafe.")
    order = found.state
    here = "barista" in caller.roles and caller.claims.get("cafe_id") == order.cafe_id
    if here or order.customer_id == caller.sub or caller.roles & {"rider", "operator"}:
        return found
    raise NotFound("There is no such order at the cafe.")


def _response(found: Snapshot[CafeOrder]) -> Response:
    known = {n: getattr(found.state, n) for n in CafeOrderBody.model_fields if n != "version"}
    body = CafeOrderBody.model_validate(known | {"version": found.version})
    headers = {"etag": f'"{found.version}"'}
    return Response(body.model_dump_json(), 200, headers, "application/json")
