"""The CafeOrder's state, and everything that can happen to it. Standard library only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """QUEUED to DELIVERING go on; the others are terminal."""

    QUEUED = "QUEUED"
    ACCEPTED = "ACCEPTED"
    MAKING = "MAKING"
    READY = "READY"
    DELIVERING = "DELIVERING"
    PICKED_UP = "PICKED_UP"
    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    UNCOLLECTED = "UNCOLLECTED"


class Says(StrEnum):
    """The events of cafe-svc."""

    ORDER_QUEUED = "OrderQueued"
    ORDER_ACCEPTED = "OrderAccepted"
    ORDER_REJECTED = "OrderRejected"
    CAFE_ORDER_CANCELLED = "CafeOrderCancelled"
    ORDER_CANCEL_REFUSED = "OrderCancelRefused"
    MAKE_STARTED = "MakeStarted"
    MAKE_COMPLETED = "MakeCompleted"
    ORDER_PICKED_UP = "OrderPickedUp"
    DELIVERY_STARTED = "DeliveryStarted"
    DELIVERY_CONFIRMED = "DeliveryConfirmed"
    ORDER_UNCOLLECTED = "OrderUncollected"


class RejectReason(StrEnum):
    """Why a cafe will not make an order."""

    SOLD_OUT = "sold_out"
    CLOSED = "closed"
    TOO_BUSY = "too_busy"
    OTHER = "other"


class Stage(StrEnum):
    """How far an order was when it was cancelled."""

    BEFORE_PAYMENT = "before_payment"
    QUEUED = "queued"
    ACCEPTED = "accepted"


class Method(StrEnum):
    """How the drinks reach the customer."""

    PICKUP = "pickup"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Item:
    """One line to make; the cafe needs no prices."""

    menu_id: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Pickup, or delivery to an address."""

    method: Method
    address: str | None = None


@dataclass(frozen=True, slots=True)
class CafeOrder:
    """The state of one order at the cafe; `ready_at` is an estimate.

    A tombstone (cancelled before it was paid) has no lines, fulfilment and times.
    """

    order_id: str
    customer_id: str
    cafe_id: str
    status: Status
    items: tuple[Item, ...] = ()
    fulfilment: Fulfilment | None = None
    note: str | None = None
    queued_at: datetime | None = None
    ready_at: datetime | None = None
    collect_from: datetime | None = None
    barista: str | None = None
    rider: str | None = None
    reason: RejectReason | None = None
    detail: str | None = None
    stage: Stage | None = None

    @property
    def cafe_status(self) -> Status:
        """What a refused cancellation is answered with."""
        return self.status


@dataclass(frozen=True, slots=True)
class AddCafeOrder:
    """A paid order arrives; `ready_at` is what the cafe promises if it accepts at once."""

    order_id: str
    customer_id: str
    cafe_id: str
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None
    cafe_is_open: bool
    accepts_automatically: bool
    ready_at: datetime


@dataclass(frozen=True, slots=True)
class Accept:
    """A barista takes the order on."""

    ready_at: datetime


@dataclass(frozen=True, slots=True)
class StartMaking:
    """A barista begins."""

    barista: str


@dataclass(frozen=True, slots=True)
class FinishMaking:
    """The drinks stand on the counter."""

    barista: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The customer takes the drinks."""


@dataclass(frozen=True, slots=True)
class StartDelivery:
    """A rider takes the drinks."""

    rider: str


@dataclass(frozen=True, slots=True)
class ConfirmDelivery:
    """The rider has handed the drinks over."""

    rider: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A barista will not make the order."""

    reason: RejectReason
    detail: str | None


@dataclass(frozen=True, slots=True)
class OrderCancelRequested:
    """order-svc asks to cancel; the cafe decides."""

    order_id: str
    customer_id: str
    cafe_id: str


@dataclass(frozen=True, slots=True)
class MarkUncollected:
    """Nobody came for the drinks."""


Trigger = (
    AddCafeOrder
    | Accept
    | Reject
    | OrderCancelRequested
    | StartMaking
    | FinishMaking
    | HandOver
    | StartDelivery
    | ConfirmDelivery
    | MarkUncollected
)
