"""cafe-svc's routes for orders; those for cafes and menus are in menu_api.py."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cafe_kit.aggregate import Snapshot
from cafe_kit.auth import Principal, require
from cafe_kit.problems import Forbidden, NotFound
from cafe_svc import menu_api, use_cases
from cafe_svc.model import (
    Accept,
    CafeOrder,
    ConfirmDelivery,
    FinishMaking,
    Fulfilment,
    HandOver,
    Item,
    MarkUncollected,
    Reject,
    RejectReason,
    StartDelivery,
    StartMaking,
    Status,
    Trigger,
)
from cafe_svc.use_cases import CafeOrders

router = APIRouter(tags=["cafe"])
router.include_router(menu_api.router)


class CafeOrderBody(BaseModel):
    """An order at the cafe as it reads back."""

    order_id: str
    customer_id: str
    cafe_id: str
    status: Status
    items: tuple[Item, ...]
    fulfilment: Fulfilment | None
    note: str | None
    queued_at: AwareDatetime | None
    ready_at: AwareDatetime | None
    barista: str | None
    rider: str | None
    reason: RejectReason | None
    detail: str | None
    version: int


class Details(BaseModel):
    """What a barista may say when rejecting; other steps need no body."""

    model_config = ConfigDict(extra="forbid")

    reason: RejectReason = RejectReason.OTHER
    detail: Annotated[str, Field(max_length=200)] | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A step a person may take: its role, and the trigger made of who and when."""

    role: str
    trigger: Callable[[CafeOrders, Principal, Details], Trigger]


COMMANDS: Final = {
    "accept": Command("barista", lambda s, _, __: Accept(s.clock() + s.making_time)),
    "reject": Command("barista", lambda _, __, why: Reject(why.reason, why.detail)),
    "start": Command("barista", lambda _, who, __: StartMaking(who.sub)),
    "finish": Command("barista", lambda _, who, __: FinishMaking(who.sub)),
    "hand-over": Command("barista", lambda _, __, ___: HandOver()),
    "start-delivery": Command("rider", lambda _, who, __: StartDelivery(who.sub)),
    "confirm-delivery": Command("rider", lambda _, who, __: ConfirmDelivery(who.sub)),
    "uncollected": Command("barista", lambda _, __, ___: MarkUncollected()),
}


@router.get("/cafe-orders/{order_id}", response_model=CafeOrderBody)
async def get_cafe_order(
    request: Request,
    order_id: str,
    caller: Annotated[Principal, Depends(require("customer", "barista", "rider", "operator"))],
) -> Response:
    """Read an order at the cafe: its customer, a barista of that cafe, a rider, an operator."""
    found = await _visible(request.app.state.service, order_id, caller)
    return _response(found)


def _handler(command: Command) -> Callable[..., Awaitable[Response]]:
    async def handle(
        request: Request,
        order_id: str,
        caller: Annotated[Principal, Depends(require(command.role))],
        details: Details | None = None,
    ) -> Response:
        service: CafeOrders = request.app.state.service
        found = await use_cases.get_cafe_order(service, order_id)
        if found is None:
            raise NotFound("There is no such order at the cafe.")
        if command.role == "barista" and caller.claims.get("cafe_id") != found.state.cafe_id:
            raise Forbidden("This order is another cafe's.")
        trigger = command.trigger(service, caller, details or Details())
        return _response(await use_cases.command(service, order_id, trigger))

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
    theirs = "customer" in caller.roles and order.customer_id == caller.sub
    if here or theirs or caller.roles & {"rider", "operator"}:
        return found
    raise NotFound("There is no such order at the cafe.")


def _response(found: Snapshot[CafeOrder]) -> Response:
    known = {n: getattr(found.state, n) for n in CafeOrderBody.model_fields if n != "version"}
    body = CafeOrderBody.model_validate(known | {"version": found.version})
    headers = {"etag": f'"{found.version}"'}
    return Response(body.model_dump_json(), 200, headers, "application/json")
