"""payment-svc's ports through the sidecar."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json

from cafe_kit.sidecar import Reply, Sidecar, Unavailable
from payment_svc.model import (
    ChargeAttemptFailed,
    Charged,
    Declined,
    FailureReason,
    NothingCharged,
    Payment,
    RefundAttemptFailed,
    Refunded,
)

ERROR_LIMIT: Final = 200
"""Characters of an error that a payment keeps."""


class _ChargeBody(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    charge_id: str
    approval_code: str


class _RefundBody(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    refund_id: str
    amount: int


class _DeclineBody(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    reason: str


class SidecarGateway:
    """The gateway behind the Dapr HTTPEndpoint `payment-gateway`."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def charge(self, payment: Payment) -> Charged | Declined | ChargeAttemptFailed:
        if payment.amount is None:
            raise ValueError(f"{payment.order_id}: a tombstone has nothing to charge")
        wanted = {
            "amount": payment.amount.amount,
            "currency": payment.amount.currency,
            "payment_method": payment.payment_method,
            "reference": payment.order_id,
        }
        try:
            reply = await self._post("/v1/charges", wanted, payment.charge_key)
            if reply.status == HTTPStatus.CREATED:
                done = _ChargeBody.model_validate_json(reply.body)
                return Charged(done.charge_id, done.approval_code)
            if reply.status == HTTPStatus.PAYMENT_REQUIRED:
                return Declined(_reason(_DeclineBody.model_validate_json(reply.body).reason))
        except (Unavailable, ValidationError) as error:
            return ChargeAttemptFailed(str(error)[:ERROR_LIMIT])
        # Throttled, away, or at odds with itself: unknown, so the same question is asked again.
        return ChargeAttemptFailed(f"the gateway answered {reply.status}")

    async def refund(self, payment: Payment) -> Refunded | NothingCharged | RefundAttemptFailed:
        wanted = {"reference": payment.order_id, "reason": payment.reason or "cancelled"}
        try:
            reply = await self._post("/v1/refunds", wanted, payment.refund_key)
            if reply.status != HTTPStatus.CREATED:
                return RefundAttemptFailed(f"the gateway answered {reply.status}")
            done = _RefundBody.model_validate_json(reply.body)
        except (Unavailable, ValidationError) as error:
            return RefundAttemptFailed(str(error)[:ERROR_LIMIT])
        return Refunded(done.refund_id, done.amount) if done.amount else NothingCharged()

    async def _post(self, path: str, body: Mapping[str, object], key: str) -> Reply:
        return await self._sidecar.invoke(
            "payment-gateway",
            path,
            method="POST",
            body=to_json(body),
            headers={"idempotency-key": key},
        )


def _reason(text: str) -> FailureReason:
    known = {reason.value: reason for reason in FailureReason}
    return known.get(text, FailureReason.ERROR)
