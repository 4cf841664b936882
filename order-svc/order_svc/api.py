"""order-svc's public routes."""

import hashlib
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from cafe_kit.aggregate import Snapshot
from cafe_kit.auth import Principal, require
from cafe_kit.problems import NotFound
from order_svc import use_cases
from order_svc.model import (
    CancelReason,
    Fulfilment,
    Item,
    Method,
    Money,
    Order,
    RequestedBy,
    Status,
)
from order_svc.use_cases import Orders, Wish

router = APIRouter(tags=["orders"])
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Line(BaseModel):
    """One wanted drink."""

    model_config = ConfigDict(extra="forbid")

    menu_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, le=20)]


class FulfilmentBody(BaseModel):
    """Pickup, or delivery with an address."""

    model_config = ConfigDict(extra="forbid")

    method: Method
    address: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _address_iff_delivery(self) -> "FulfilmentBody":
        if (self.method is Method.DELIVERY) != (self.address is not None):
            raise ValueError("an address is needed for delivery, and only for delivery")
        return self


class PlaceOrderBody(BaseModel):
    """An order without prices: those come from the menu."""

    model_config = ConfigDict(extra="forbid")

    cafe_id: Id
    items: Annotated[list[Line], Field(min_length=1)]
    payment_method: Annotated[str, Field(pattern=r"^tok_[a-z0-9_]{1,60}$")]
    fulfilment: FulfilmentBody
    note: Annotated[str, Field(max_length=200)] | None = None


class OrderBody(BaseModel):
    """An order as it reads back."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    status: Status
    cafe_id: str
    customer_id: str
    items: tuple[Item, ...]
    total: Money
    fulfilment: Fulfilment
    note: str | None
    placed_at: AwareDatetime
    paid_at: AwareDatetime | None
    reason: CancelReason | None
    requested_by: RequestedBy | None
    version: int


def _body(order: Order, version: int) -> bytes:
    known = {name: getattr(order, name) for name in OrderBody.model_fields if name != "version"}
    return OrderBody.model_validate(known | {"version": version}).model_dump_json().encode()


def _wish(body: PlaceOrderBody, customer_id: str, key: str) -> Wish:
    return Wish(
        customer_id=customer_id,
        idempotency_key=key,
        cafe_id=body.cafe_id,
        lines=tuple((line.menu_id, line.quantity) for line in body.items),
        payment_method=body.payment_method,
        fulfilment=Fulfilment(body.fulfilment.method, body.fulfilment.address),
        note=body.note,
        fingerprint=hashlib.sha256(body.model_dump_json().encode()).hexdigest(),
    )


@router.post("/orders", status_code=201, response_model=OrderBody)
async def place_order(
    request: Request,
    body: PlaceOrderBody,
    caller: Annotated[Principal, Depends(require("customer"))],
    idempotency_key: Annotated[str, Header(min_length=1, max_length=255)],
) -> Response:
    """Place an order. The same Idempotency-Key with the same body gets the same answer."""
    orders: Orders = request.app.state.service
    placed = await use_cases.place_order(orders, _wish(body, caller.sub, idempotency_key))
    headers = {"location": f"/orders/{placed.order.order_id}"}
    if placed.replayed:
        headers["idempotent-replayed"] = "true"
    # The answer of the first time, whatever has become of the order since.
    first = replace(
        placed.order, status=Status.PLACED, paid_at=None, reason=None, requested_by=None
    )
    return Response(_body(first, 1), 201, headers, "application/json")


async def _visible(orders: Orders, order_id: str, caller: Principal) -> Snapshot[Order]:
    found = await use_cases.get_order(orders, order_id)
    if found is None or not ("operator" in caller.roles or found.state.customer_id == caller.sub):
        raise NotFound("You have no such order.")
    return found


@router.get("/orders/{order_id}", response_model=OrderBody)
async def get_order(
    request: Request,
    order_id: str,
    caller: Annotated[Principal, Depends(require("customer", "operator"))],
) -> Response:
    """Read one's own order (operators: any) from the write model."""
    orders: Orders = request.app.state.service
    found = await _visible(orders, order_id, caller)
    body = _body(found.state, found.version)
    return Response(body, 200, {"etag": f'"{found.version}"'}, "application/json")


@router.post("/orders/{order_id}/cancel", status_code=202, response_model=OrderBody)
async def cancel_order(
    request: Request,
    order_id: str,
    caller: Annotated[Principal, Depends(require("customer", "operator"))],
) -> Response:
    """Ask to cancel one's own order (operators: any): 202 while the cafe decides, then 200."""
    orders: Orders = request.app.state.service
    found = await _visible(orders, order_id, caller)
    mine = found.state.customer_id == caller.sub
    by = RequestedBy.CUSTOMER if mine else RequestedBy.OPERATOR
    updated = await use_cases.cancel(orders, found, by)
    status = 200 if updated.state.status is Status.CANCELLED else 202
    return Response(_body(updated.state, updated.version), status, None, "application/json")
