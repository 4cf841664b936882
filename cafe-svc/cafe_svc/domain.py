"""The CafeOrder: how far the cafe is with an order. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from cafe_kit.transitions import Decision, Ignore, Move, Refuse, Row, When, settle


class Status(StrEnum):
    """QUEUED to DELIVERING go on; PICKED_UP and DELIVERED are terminal."""

    QUEUED = "QUEUED"
    ACCEPTED = "ACCEPTED"
    MAKING = "MAKING"
    READY = "READY"
    DELIVERING = "DELIVERING"
    PICKED_UP = "PICKED_UP"
    DELIVERED = "DELIVERED"


class Says(StrEnum):
    """The events of cafe-svc."""

    ORDER_QUEUED = "OrderQueued"
    ORDER_ACCEPTED = "OrderAccepted"
    MAKE_STARTED = "MakeStarted"
    MAKE_COMPLETED = "MakeCompleted"
    ORDER_PICKED_UP = "OrderPickedUp"
    DELIVERY_STARTED = "DeliveryStarted"
    DELIVERY_CONFIRMED = "DeliveryConfirmed"


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
    """The state of one order at the cafe; `ready_at` is an estimate."""

    order_id: str
    customer_id: str
    cafe_id: str
    status: Status
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None
    queued_at: datetime
    ready_at: datetime
    barista: str | None = None
    rider: str | None = None


@dataclass(frozen=True, slots=True)
class AddCafeOrder:
    """A paid order arrives; `ready_at` is what the cafe promises if it accepts at once."""

    order_id: str
    customer_id: str
    cafe_id: str
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None
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


Trigger = (
    AddCafeOrder | Accept | StartMaking | FinishMaking | HandOver | StartDelivery | ConfirmDelivery
)


def _at_once(_: object, trigger: AddCafeOrder) -> bool:
    return trigger.accepts_automatically


def _pickup(order: CafeOrder, _: object) -> bool:
    return order.fulfilment.method is Method.PICKUP


_ACCEPT: Final = Move(Status.ACCEPTED, Says.ORDER_ACCEPTED)
_QUEUE: Final = When(
    _at_once,
    Move(Status.QUEUED, Says.ORDER_QUEUED, then=_ACCEPT),
    Move(Status.QUEUED, Says.ORDER_QUEUED),
)
_SEEN: Final = Ignore("seen before")
_DONE: Final = Ignore("this has taken effect before")
_NONE: Final = Refuse("no paid order has arrived under this id")
_EARLY: Final = Refuse("a step before this one is missing")
_COUNTER: Final = Refuse("this order is picked up at the counter")
_DOOR: Final = Refuse("this order is delivered")
_START_DELIVERY: Final = When(_pickup, _COUNTER, Move(Status.DELIVERING, Says.DELIVERY_STARTED))
_EARLY_HAND_OVER: Final = When(_pickup, _EARLY, _DOOR)
_EARLY_DELIVERY: Final = When(_pickup, _COUNTER, _EARLY)

TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, AddCafeOrder): _QUEUE,
    (None, Accept): _NONE,
    (None, StartMaking): _NONE,
    (None, FinishMaking): _NONE,
    (None, HandOver): _NONE,
    (None, StartDelivery): _NONE,
    (None, ConfirmDelivery): _NONE,
    (Status.QUEUED, AddCafeOrder): _SEEN,
    (Status.QUEUED, Accept): _ACCEPT,
    (Status.QUEUED, StartMaking): _EARLY,
    (Status.QUEUED, FinishMaking): _EARLY,
    (Status.QUEUED, HandOver): _EARLY_HAND_OVER,
    (Status.QUEUED, StartDelivery): _EARLY_DELIVERY,
    (Status.QUEUED, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.ACCEPTED, AddCafeOrder): _SEEN,
    (Status.ACCEPTED, Accept): _DONE,
    (Status.ACCEPTED, StartMaking): Move(Status.MAKING, Says.MAKE_STARTED),
    (Status.ACCEPTED, FinishMaking): _EARLY,
    (Status.ACCEPTED, HandOver): _EARLY_HAND_OVER,
    (Status.ACCEPTED, StartDelivery): _EARLY_DELIVERY,
    (Status.ACCEPTED, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.MAKING, AddCafeOrder): _SEEN,
    (Status.MAKING, Accept): _DONE,
    (Status.MAKING, StartMaking): _DONE,
    (Status.MAKING, FinishMaking): Move(Status.READY, Says.MAKE_COMPLETED),
    (Status.MAKING, HandOver): _EARLY_HAND_OVER,
    (Status.MAKING, StartDelivery): _EARLY_DELIVERY,
    (Status.MAKING, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.READY, AddCafeOrder): _SEEN,
    (Status.READY, Accept): _DONE,
    (Status.READY, StartMaking): _DONE,
    (Status.READY, FinishMaking): _DONE,
    (Status.READY, HandOver): When(_pickup, Move(Status.PICKED_UP, Says.ORDER_PICKED_UP), _DOOR),
    (Status.READY, StartDelivery): _START_DELIVERY,
    (Status.READY, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.DELIVERING, AddCafeOrder): _SEEN,
    (Status.DELIVERING, Accept): _DONE,
    (Status.DELIVERING, StartMaking): _DONE,
    (Status.DELIVERING, FinishMaking): _DONE,
    (Status.DELIVERING, HandOver): _DOOR,
    (Status.DELIVERING, StartDelivery): _DONE,
    (Status.DELIVERING, ConfirmDelivery): Move(Status.DELIVERED, Says.DELIVERY_CONFIRMED),
    (Status.PICKED_UP, AddCafeOrder): _SEEN,
    (Status.PICKED_UP, Accept): _DONE,
    (Status.PICKED_UP, StartMaking): _DONE,
    (Status.PICKED_UP, FinishMaking): _DONE,
    (Status.PICKED_UP, HandOver): _DONE,
    (Status.PICKED_UP, StartDelivery): _COUNTER,
    (Status.PICKED_UP, ConfirmDelivery): _COUNTER,
    (Status.DELIVERED, AddCafeOrder): _SEEN,
    (Status.DELIVERED, Accept): _DONE,
    (Status.DELIVERED, StartMaking): _DONE,
    (Status.DELIVERED, FinishMaking): _DONE,
    (Status.DELIVERED, HandOver): _DOOR,
    (Status.DELIVERED, StartDelivery): _DONE,
    (Status.DELIVERED, ConfirmDelivery): _DONE,
}


def decide(order: CafeOrder | None, trigger: Trigger, now: datetime) -> Decision[CafeOrder]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(order.status if order else None, type(trigger))]
    return settle(row, order, lambda state, to: _evolve(state, trigger, Status(to), now), trigger)


def _evolve(order: CafeOrder | None, trigger: Trigger, to: Status, now: datetime) -> CafeOrder:
    if order is None:
        assert isinstance(trigger, AddCafeOrder)  # noqa: S101 - no other moves from no document
        return CafeOrder(
            order_id=trigger.order_id,
            customer_id=trigger.customer_id,
            cafe_id=trigger.cafe_id,
            status=to,
            items=trigger.items,
            fulfilment=trigger.fulfilment,
            note=trigger.note,
            queued_at=now,
            ready_at=trigger.ready_at,
        )
    match trigger:
        case Accept(ready_at=ready_at):
            return replace(order, status=to, ready_at=ready_at)
        case StartMaking(barista=barista) | FinishMaking(barista=barista):
            return replace(order, status=to, barista=barista)
        case StartDelivery(rider=rider) | ConfirmDelivery(rider=rider):
            return replace(order, status=to, rider=rider)
        case AddCafeOrder() | HandOver():
            return replace(order, status=to)
        case _:
            assert_never(trigger)
