"""payment-svc's ports through the sidecar."""

from http import HTTPStatus

from pydantic import BaseModel
from pydantic_core import to_json

from cafe_kit.sidecar import Sidecar, Unavailable
from payment_svc.domain import Charged, Declined, FailureReason, Payment


class _ChargeBody(BaseModel):
    charge_id: str
    approval_code: str


class _DeclineBody(BaseModel):
    reason: str


class SidecarGateway:
    """The gateway behind the Dapr HTTPEndpoint `payment-gateway`."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def charge(self, payment: Payment) -> Charged | Declined:
        reply = await self._sidecar.invoke(
            "payment-gateway",
            "/v1/charges",
            method="POST",
            body=to_json(
                {
                    "amount": payment.amount.amount,
                    "currency": payment.amount.currency,
                    "payment_method": payment.payment_method,
                    "reference": payment.order_id,
                }
            ),
            headers={"idempotency-key": payment.charge_key},
        )
        if reply.status == HTTPStatus.CREATED:
            done = _ChargeBody.model_validate_json(reply.body)
            return Charged(done.charge_id, done.approval_code)
        if reply.status == HTTPStatus.PAYMENT_REQUIRED:
            return Declined(_reason(_DeclineBody.model_validate_json(reply.body).reason))
        # Throttled, away, or at odds with itself: unknown, so the same question is asked again.
        raise Unavailable(f"charge: the gateway answered {reply.status}")


def _reason(text: str) -> FailureReason:
    known = {reason.value: reason for reason in FailureReason}
    return known.get(text, FailureReason.ERROR)
