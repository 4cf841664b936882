"""What cafe-svc says.

A field is filled from the attribute of that name of the state after the step.
"""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import AwareDatetime

from cafe_kit.events import Event
from cafe_svc.model import Fulfilment, Item, RejectReason, Says, Stage, Status


class CafeEvent(Event):
    """What every event of this service begins with."""

    order_id: str
    customer_id: str
    cafe_id: str
    version: int
    status: Status
    occurred_at: AwareDatetime


class OrderQueued(CafeEvent):
    """The paid order waits for a barista."""

    TOPIC = "cafe.OrderQueued.v1"
    items: tuple[Item, ...]
    fulfilment: Fulfilment


class OrderAccepted(CafeEvent):
    """The cafe will make it; `ready_at` is an estimate."""

    TOPIC = "cafe.OrderAccepted.v1"
    ready_at: AwareDatetime


class OrderRejected(CafeEvent):
    """The cafe will not make it; the money goes back."""

    TOPIC = "cafe.OrderRejected.v1"
    reason: RejectReason
    detail: str | None


class CafeOrderCancelled(CafeEvent):
    """The cafe has let the order go; the money, if any, goes back."""

    TOPIC = "cafe.CafeOrderCancelled.v1"
    stage: Stage


class OrderCancelRefused(CafeEvent):
    """The drinks are being made; the order goes on."""

    TOPIC = "cafe.OrderCancelRefused.v1"
    cafe_status: Status


class MakeStarted(CafeEvent):
    """From here on the order cannot be cancelled."""

    TOPIC = "cafe.MakeStarted.v1"
    barista: str


class MakeCompleted(CafeEvent):
    """The drinks are ready."""

    TOPIC = "cafe.MakeCompleted.v1"
    barista: str


class OrderPickedUp(CafeEvent):
    """The customer has the drinks."""

    TOPIC = "cafe.OrderPickedUp.v1"


class DeliveryStarted(CafeEvent):
    """A rider is on the way."""

    TOPIC = "cafe.DeliveryStarted.v1"
    rider: str


class DeliveryConfirmed(CafeEvent):
    """The drinks are at the door."""

    TOPIC = "cafe.DeliveryConfirmed.v1"
    rider: str


class OrderUncollected(CafeEvent):
    """Nobody came for the drinks; they were paid for and made."""

    TOPIC = "cafe.OrderUncollected.v1"


EVENTS: Mapping[StrEnum, type[CafeEvent]] = {
    Says.ORDER_QUEUED: OrderQueued,
    Says.ORDER_ACCEPTED: OrderAccepted,
    Says.ORDER_REJECTED: OrderRejected,
    Says.CAFE_ORDER_CANCELLED: CafeOrderCancelled,
    Says.ORDER_CANCEL_REFUSED: OrderCancelRefused,
    Says.MAKE_STARTED: MakeStarted,
    Says.MAKE_COMPLETED: MakeCompleted,
    Says.ORDER_PICKED_UP: OrderPickedUp,
    Says.DELIVERY_STARTED: DeliveryStarted,
    Says.DELIVERY_CONFIRMED: DeliveryConfirmed,
    Says.ORDER_UNCOLLECTED: OrderUncollected,
}
