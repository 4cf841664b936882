"""payment-svc's public routes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict

from cafe_kit.aggregate import Snapshot
from cafe_kit.auth import Principal, require
from cafe_kit.problems import NotFound
from payment_svc import use_cases
from payment_svc.model import FailureReason, LedgerEntry, Money, Payment, Status, UndoReason
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
    amount: Money | None
    approval_code: str | None
    reason: FailureReason | UndoReason | None
    refund_id: str | None
    refunding_since: AwareDatetime | None
    attempts: int
    last_error: str | None
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
    return _response(found)


@router.post("/payments/{order_id}/retry-refund", response_model=PaymentBody)
async def retry_refund(
    request: Request,
    order_id: str,
    _: Annotated[Principal, Depends(require("operator"))],
) -> Response:
    """Try a refund now that is under way."""
    payments: Payments = request.app.state.service
    found = await use_cases.get_payment(payments, order_id)
    if found is None:
        raise NotFound("There is no payment for such an order.")
    return _response(await use_cases.retry_refund(payments, found))


def _response(found: Snapshot[Payment]) -> Response:
    known = {n: getattr(found.state, n) for n in PaymentBody.model_fields if n != "version"}
    body = PaymentBody.model_validate(known | {"version": found.version})
    headers = {"etag": f'"{found.version}"'}
    return Response(body.model_dump_json(), 200, headers, "application/json")
