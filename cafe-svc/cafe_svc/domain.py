"""The CafeOrder: how far the cafe is. Pure: one row per status and trigger."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from cafe_kit.transitions import Decision, Ignore, Move, Refuse, Row, When, settle
from cafe_svc.model import (
    Accept,
    AddCafeOrder,
    CafeOrder,
    ConfirmDelivery,
    FinishMaking,
    HandOver,
    MarkUncollected,
    Method,
    OrderCancelRequested,
    Reject,
    RejectReason,
    Says,
    Stage,
    StartDelivery,
    StartMaking,
    Status,
    Trigger,
)


def _open(_: object, trigger: AddCafeOrder) -> bool:
    return trigger.cafe_is_open


def _at_once(_: object, trigger: AddCafeOrder) -> bool:
    return trigger.accepts_automatically


def _pickup(order: CafeOrder, _: object) -> bool:
    return order.fulfilment is not None and order.fulfilment.method is Method.PICKUP


def _same_rider(order: CafeOrder, trigger: StartDelivery | ConfirmDelivery) -> bool:
    return order.rider == trigger.rider


_ACCEPT: Final = Move(Status.ACCEPTED, Says.ORDER_ACCEPTED)
_QUEUE: Final = When(
    _at_once,
    Move(Status.QUEUED, Says.ORDER_QUEUED, then=_ACCEPT),
    Move(Status.QUEUED, Says.ORDER_QUEUED),
)
_ARRIVE: Final = When(_open, _QUEUE, Move(Status.REJECTED, Says.ORDER_REJECTED))
_SEEN: Final = Ignore("seen before")
_DONE: Final = Ignore("this has taken effect before")
_ENDED: Final = Ignore("the end has been said; the other side will hear it")
_TOMBSTONE: Final = Ignore("cancelled before it was paid; payment-svc hears that too")
_NONE: Final = Refuse("no paid order has arrived under this id")
_EARLY: Final = Refuse("a step before this one is missing")
_LATE: Final = Refuse("it is too late for this step")
_OFF: Final = Refuse("the order is off")
_COUNTER: Final = Refuse("this order is picked up at the counter")
_DOOR: Final = Refuse("this order is delivered")
_ON_THE_WAY: Final = Refuse("a rider has the drinks")
_ANOTHERS: Final = Refuse("another rider has taken it")
_DONE_BY_THEM: Final = When(_same_rider, _DONE, _ANOTHERS)
_EARLY_HAND_OVER: Final = When(_pickup, _EARLY, _DOOR)
_EARLY_DELIVERY: Final = When(_pickup, _COUNTER, _EARLY)

TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, AddCafeOrder): _ARRIVE,
    (None, Accept): _NONE,
    (None, Reject): _NONE,
    (None, OrderCancelRequested): Move(Status.CANCELLED, Says.CAFE_ORDER_CANCELLED),
    (None, StartMaking): _NONE,
    (None, FinishMaking): _NONE,
    (None, HandOver): _NONE,
    (None, StartDelivery): _NONE,
    (None, ConfirmDelivery): _NONE,
    (None, MarkUncollected): _NONE,
    (Status.QUEUED, AddCafeOrder): _SEEN,
    (Status.QUEUED, Accept): _ACCEPT,
    (Status.QUEUED, Reject): Move(Status.REJECTED, Says.ORDER_REJECTED),
    (Status.QUEUED, OrderCancelRequested): Move(Status.CANCELLED, Says.CAFE_ORDER_CANCELLED),
    (Status.QUEUED, StartMaking): _EARLY,
    (Status.QUEUED, FinishMaking): _EARLY,
    (Status.QUEUED, HandOver): _EARLY_HAND_OVER,
    (Status.QUEUED, StartDelivery): _EARLY_DELIVERY,
    (Status.QUEUED, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.QUEUED, MarkUncollected): _EARLY,
    (Status.ACCEPTED, AddCafeOrder): _SEEN,
    (Status.ACCEPTED, Accept): _DONE,
    (Status.ACCEPTED, Reject): Move(Status.REJECTED, Says.ORDER_REJECTED),
    (Status.ACCEPTED, OrderCancelRequested): Move(Status.CANCELLED, Says.CAFE_ORDER_CANCELLED),
    (Status.ACCEPTED, StartMaking): Move(Status.MAKING, Says.MAKE_STARTED),
    (Status.ACCEPTED, FinishMaking): _EARLY,
    (Status.ACCEPTED, HandOver): _EARLY_HAND_OVER,
    (Status.ACCEPTED, StartDelivery): _EARLY_DELIVERY,
    (Status.ACCEPTED, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.ACCEPTED, MarkUncollected): _EARLY,
    (Status.MAKING, AddCafeOrder): _SEEN,
    (Status.MAKING, Accept): _DONE,
    (Status.MAKING, Reject): _LATE,
    (Status.MAKING, OrderCancelRequested): Move(Status.MAKING, Says.ORDER_CANCEL_REFUSED),
    (Status.MAKING, StartMaking): _DONE,
    (Status.MAKING, FinishMaking): Move(Status.READY, Says.MAKE_COMPLETED),
    (Status.MAKING, HandOver): _EARLY_HAND_OVER,
    (Status.MAKING, StartDelivery): _EARLY_DELIVERY,
    (Status.MAKING, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.MAKING, MarkUncollected): _EARLY,
    (Status.READY, AddCafeOrder): _SEEN,
    (Status.READY, Accept): _DONE,
    (Status.READY, Reject): _LATE,
    (Status.READY, OrderCancelRequested): Move(Status.READY, Says.ORDER_CANCEL_REFUSED),
    (Status.READY, StartMaking): _DONE,
    (Status.READY, FinishMaking): _DONE,
    (Status.READY, HandOver): When(_pickup, Move(Status.PICKED_UP, Says.ORDER_PICKED_UP), _DOOR),
    (Status.READY, StartDelivery): When(
        _pickup, _COUNTER, Move(Status.DELIVERING, Says.DELIVERY_STARTED)
    ),
    (Status.READY, ConfirmDelivery): _EARLY_DELIVERY,
    (Status.READY, MarkUncollected): Move(Status.UNCOLLECTED, Says.ORDER_UNCOLLECTED),
    (Status.DELIVERING, AddCafeOrder): _SEEN,
    (Status.DELIVERING, Accept): _DONE,
    (Status.DELIVERING, Reject): _LATE,
    (Status.DELIVERING, OrderCancelRequested): Move(Status.DELIVERING, Says.ORDER_CANCEL_REFUSED),
    (Status.DELIVERING, StartMaking): _DONE,
    (Status.DELIVERING, FinishMaking): _DONE,
    (Status.DELIVERING, HandOver): _DOOR,
    (Status.DELIVERING, StartDelivery): _DONE_BY_THEM,
    (Status.DELIVERING, ConfirmDelivery): When(
        _same_rider, Move(Status.DELIVERED, Says.DELIVERY_CONFIRMED), _ANOTHERS
    ),
    (Status.DELIVERING, MarkUncollected): _ON_THE_WAY,
    (Status.PICKED_UP, AddCafeOrder): _SEEN,
    (Status.PICKED_UP, Accept): _DONE,
    (Status.PICKED_UP, Reject): _LATE,
    (Status.PICKED_UP, OrderCancelRequested): _ENDED,
    (Status.PICKED_UP, StartMaking): _DONE,
    (Status.PICKED_UP, FinishMaking): _DONE,
    (Status.PICKED_UP, HandOver): _DONE,
    (Status.PICKED_UP, StartDelivery): _COUNTER,
    (Status.PICKED_UP, ConfirmDelivery): _COUNTER,
    (Status.PICKED_UP, MarkUncollected): _LATE,
    (Status.DELIVERED, AddCafeOrder): _SEEN,
    (Status.DELIVERED, Accept): _DONE,
    (Status.DELIVERED, Reject): _LATE,
    (Status.DELIVERED, OrderCancelRequested): _ENDED,
    (Status.DELIVERED, StartMaking): _DONE,
    (Status.DELIVERED, FinishMaking): _DONE,
    (Status.DELIVERED, HandOver): _DOOR,
    (Status.DELIVERED, StartDelivery): _DONE_BY_THEM,
    (Status.DELIVERED, ConfirmDelivery): _DONE_BY_THEM,
    (Status.DELIVERED, MarkUncollected): _LATE,
    (Status.REJECTED, AddCafeOrder): _SEEN,
    (Status.REJECTED, Accept): _OFF,
    (Status.REJECTED, Reject): _DONE,
    (Status.REJECTED, OrderCancelRequested): _ENDED,
    (Status.REJECTED, StartMaking): _OFF,
    (Status.REJECTED, FinishMaking): _OFF,
    (Status.REJECTED, HandOver): _OFF,
    (Status.REJECTED, StartDelivery): _OFF,
    (Status.REJECTED, ConfirmDelivery): _OFF,
    (Status.REJECTED, MarkUncollected): _OFF,
    (Status.CANCELLED, AddCafeOrder): _TOMBSTONE,
    (Status.CANCELLED, Accept): _OFF,
    (Status.CANCELLED, Reject): _OFF,
    (Status.CANCELLED, OrderCancelRequested): _SEEN,
    (Status.CANCELLED, StartMaking): _OFF,
    (Status.CANCELLED, FinishMaking): _OFF,
    (Status.CANCELLED, HandOver): _OFF,
    (Status.CANCELLED, StartDelivery): _OFF,
    (Status.CANCELLED, ConfirmDelivery): _OFF,
    (Status.CANCELLED, MarkUncollected): _OFF,
    (Status.UNCOLLECTED, AddCafeOrder): _SEEN,
    (Status.UNCOLLECTED, Accept): _DONE,
    (Status.UNCOLLECTED, Reject): _LATE,
    (Status.UNCOLLECTED, OrderCancelRequested): _ENDED,
    (Status.UNCOLLECTED, StartMaking): _DONE,
    (Status.UNCOLLECTED, FinishMaking): _DONE,
    (Status.UNCOLLECTED, HandOver): _LATE,
    (Status.UNCOLLECTED, StartDelivery): _LATE,
    (Status.UNCOLLECTED, ConfirmDelivery): _LATE,
    (Status.UNCOLLECTED, MarkUncollected): _DONE,
}


def decide(order: CafeOrder | None, trigger: Trigger, now: datetime) -> Decision[CafeOrder]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(order.status if order else None, type(trigger))]
    return settle(row, order, lambda state, to: _evolve(state, trigger, Status(to), now), trigger)


def _evolve(order: CafeOrder | None, trigger: Trigger, to: Status, now: datetime) -> CafeOrder:
    if order is None:
        assert isinstance(trigger, AddCafeOrder | OrderCancelRequested)  # noqa: S101 - no other does
        return _first(trigger, to, now)
    match trigger:
        case Accept(ready_at=ready_at):
            return replace(order, status=to, ready_at=ready_at)
        case Reject(reason=reason, detail=detail):
            return replace(order, status=to, reason=reason, detail=detail)
        case OrderCancelRequested() if to is Status.CANCELLED:
            return replace(order, status=to, stage=Stage(order.status.lower()))
        case StartMaking(barista=barista):
            return replace(order, status=to, barista=barista)
        case FinishMaking(barista=barista):
            return replace(order, status=to, barista=barista, collect_from=now)
        case StartDelivery(rider=rider):
            return replace(order, status=to, rider=rider)
        case _:
            return replace(order, status=to)


def _first(trigger: AddCafeOrder | OrderCancelRequested, to: Status, now: datetime) -> CafeOrder:
    match trigger:
        case AddCafeOrder():
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
                reason=RejectReason.CLOSED if to is Status.REJECTED else None,
            )
        case OrderCancelRequested(order_id=order_id, customer_id=customer_id, cafe_id=cafe_id):
            return CafeOrder(order_id, customer_id, cafe_id, to, stage=Stage.BEFORE_PAYMENT)
        case _:
            assert_never(trigger)
