"""What payment-svc says.

A field is filled from the attribute of that name of the state after the step.
"""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import AwareDatetime

from cafe_kit.events import Event
from payment_svc.model import (
    FailureReason,
    Fulfilment,
    Item,
    Money,
    Says,
    Status,
    UndoReason,
)


class PaymentEvent(Event):
    """What every event of this service begins with."""

    order_id: str
    customer_id: str
    cafe_id: str
    version: int
    status: Status
    occurred_at: AwareDatetime


class Paid(PaymentEvent):
    """Carries the order's lines on, so that the cafe needs no look-up."""

    TOPIC = "cafe.Paid.v1"
    payment_id: str
    amount: Money
    approval_code: str
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None


class PaymentFailed(PaymentEvent):
    """Nothing was charged, and nothing will be."""

    TOPIC = "cafe.PaymentFailed.v1"
    reason: FailureReason


class PaymentCancelled(PaymentEvent):
    """Nothing had been charged, and nothing will be."""

    TOPIC = "cafe.PaymentCancelled.v1"
    reason: UndoReason


class PaymentRefunded(PaymentEvent):
    """The whole amount has gone back."""

    TOPIC = "cafe.PaymentRefunded.v1"
    amount: Money
    refund_id: str
    reason: UndoReason


class RefundFailed(PaymentEvent):
    """Several attempts to refund have failed; it goes on being tried."""

    TOPIC = "cafe.RefundFailed.v1"
    attempts: int
    last_error: str


EVENTS: Mapping[StrEnum, type[PaymentEvent]] = {
    Says.PAID: Paid,
    Says.PAYMENT_FAILED: PaymentFailed,
    Says.PAYMENT_CANCELLED: PaymentCancelled,
    Says.PAYMENT_REFUNDED: PaymentRefunded,
    Says.REFUND_FAILED: RefundFailed,
}
