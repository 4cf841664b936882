"""What order-svc says.

A field is filled from the attribute of that name of the state after the step.
"""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import AwareDatetime

from cafe_kit.events import Event
from order_svc.model import CancelReason, Fulfilment, Item, Money, RequestedBy, Says, Status


class OrderEvent(Event):
    """What every event of this service begins with."""

    order_id: str
    customer_id: str
    cafe_id: str
    version: int
    status: Status
    occurred_at: AwareDatetime


class OrderPlaced(OrderEvent):
    """Carries all that payment-svc and cafe-svc need, so that nobody asks back."""

    TOPIC = "cafe.OrderPlaced.v1"
    items: tuple[Item, ...]
    total: Money
    payment_method: str
    fulfilment: Fulfilment
    note: str | None


class OrderCancelRequested(OrderEvent):
    """Asks cafe-svc, the only judge of cancellation."""

    TOPIC = "cafe.OrderCancelRequested.v1"
    requested_by: RequestedBy
    reason: CancelReason


class OrderCancelled(OrderEvent):
    """The order has ended without drinks."""

    TOPIC = "cafe.OrderCancelled.v1"
    reason: CancelReason


EVENTS: Mapping[StrEnum, type[OrderEvent]] = {
    Says.ORDER_PLACED: OrderPlaced,
    Says.ORDER_CANCEL_REQUESTED: OrderCancelRequested,
    Says.ORDER_CANCELLED: OrderCancelled,
}
