"""payment-svc's public routes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from cafe_kit.auth import Principal, require
from cafe_kit.problems import NotFound
from payment_svc import use_cases
from payment_svc.domain import FailureReason, LedgerEntry, Money, Status
from payment_svc.use_cases import Payments

router = APIRouter(tags=["payments"])


class PaymentBody(BaseModel):
    """A payment as it reads back; the ledger's amounts are in the payment's currency."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    payment_id: str
    customer_id: str
    cafe_id: str
    status: Status
    amount: Money
    approval_code: str | None
    reason: FailureReason | None
    ledger: tuple[LedgerEntry, ...]
    version: int


@router.get("/payments/{order_id}", response_model=PaymentBody)
async def get_payment(
    request: Request,
    order_id: str,
    caller: Annotated[Principal, Depends(require("customer", "operator"))],
) -> Response:
    """Read the payment of one's own order (operators: any)."""
    payments: Payments = request.app.state.service
    found = await use_cases.get_payment(payments, order_id)
    if found is None or not ("operator" in caller.roles or found.state.customer_id == caller.sub):
        raise NotFound("You have no payment for such an order.")
    known = {n: getattr(found.state, n) for n in PaymentBody.model_fields if n != "version"}
    body = PaymentBody.model_validate(known | {"version": found.version})
    headers = {"etag": f'"{found.version}"'}
    return Response(body.model_dump_json(), 200, headers, "application/json")
