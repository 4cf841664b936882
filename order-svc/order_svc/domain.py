"""The Order: how far it has come. Pure: one row per status and trigger."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from cafe_kit.transitions import Decision, Ignore, Impossible, Move, Refuse, Row, When, settle
from order_svc.model import (
    AcceptDeadline,
    CafeOrderCancelled,
    CancelOrder,
    CancelReason,
    DeliveryConfirmed,
    Item,
    Money,
    Order,
    OrderAccepted,
    OrderCancelRefused,
    OrderPickedUp,
    OrderRejected,
    OrderUncollected,
    Paid,
    PaymentDeadline,
    PaymentFailed,
    PlaceOrder,
    RequestedBy,
    Says,
    Status,
    Trigger,
)


def total_of(items: tuple[Item, ...]) -> Money:
    """Return the sum of the lines. Raises `ValueError` for two currencies or no line."""
    currencies = {item.unit_price.currency for item in items}
    if len(currencies) != 1:
        raise ValueError(f"one currency needed, got {sorted(currencies)}")
    return Money(sum(i.quantity * i.unit_price.amount for i in items), currencies.pop())


def _same_request(order: Order, trigger: PlaceOrder) -> bool:
    return order.fingerprint == trigger.fingerprint


def _being_made(order: Order, _: object) -> bool:
    return order.being_made


_REPEATED: Final = When(
    _same_request,
    Ignore("this request has placed the order before"),
    Refuse("the Idempotency-Key was used with another body"),
)
_SEEN: Final = Ignore("seen before")
_OVERTAKEN: Final = Ignore("a later event was faster")
_NEVER: Final = Ignore("the request that armed this reminder placed nothing")
_NOT_YET: Final = Ignore("the payment's deadline comes first")
_UNDER_WAY: Final = Ignore("the cafe has been asked already")
_JUDGED: Final = Ignore("the cafe's answer to the cancellation decides")
_ALREADY: Final = Ignore("it is cancelled")
_NONE: Final = Refuse("there is no such order")
_MADE: Final = Refuse("the cafe is making the order")
_TOO_LATE: Final = Refuse("the order has ended")
_UNPLACED: Final = Impossible("nobody placed this order")
_UNASKED: Final = Impossible("nobody asked the cafe to cancel")
_CONTRADICTION: Final = Impossible("a payment ends either paid or failed, never both")
_TWO_ENDS: Final = Impossible("the cafe ends an order once")

TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, PlaceOrder): Move(Status.PLACED, Says.ORDER_PLACED),
    (None, Paid): _UNPLACED,
    (None, PaymentFailed): _UNPLACED,
    (None, OrderAccepted): _UNPLACED,
    (None, OrderRejected): _UNPLACED,
    (None, CancelOrder): _NONE,
    (None, PaymentDeadline): _NEVER,
    (None, AcceptDeadline): _NEVER,
    (None, CafeOrderCancelled): _UNPLACED,
    (None, OrderCancelRefused): _UNPLACED,
    (None, OrderPickedUp): _UNPLACED,
    (None, DeliveryConfirmed): _UNPLACED,
    (None, OrderUncollected): _UNPLACED,
    (Status.PLACED, PlaceOrder): _REPEATED,
    (Status.PLACED, Paid): Move(Status.PAID),
    (Status.PLACED, PaymentFailed): Move(Status.CANCELLED, Says.ORDER_CANCELLED),
    (Status.PLACED, OrderAccepted): Move(Status.ACCEPTED),
    (Status.PLACED, OrderRejected): Move(Status.REJECTED),
    (Status.PLACED, CancelOrder): Move(Status.CANCELLING, Says.ORDER_CANCEL_REQUESTED),
    (Status.PLACED, PaymentDeadline): Move(Status.CANCELLING, Says.ORDER_CANCEL_REQUESTED),
    (Status.PLACED, AcceptDeadline): _NOT_YET,
    (Status.PLACED, CafeOrderCancelled): _UNASKED,
    (Status.PLACED, OrderCancelRefused): _UNASKED,
    (Status.PLACED, OrderPickedUp): Move(Status.COMPLETED),
    (Status.PLACED, DeliveryConfirmed): Move(Status.COMPLETED),
    (Status.PLACED, OrderUncollected): Move(Status.UNCOLLECTED),
    (Status.PAID, PlaceOrder): _REPEATED,
    (Status.PAID, Paid): _SEEN,
    (Status.PAID, PaymentFailed): _CONTRADICTION,
    (Status.PAID, OrderAccepted): Move(Status.ACCEPTED),
    (Status.PAID, OrderRejected): Move(Status.REJECTED),
    (Status.PAID, CancelOrder): Move(Status.CANCELLING, Says.ORDER_CANCEL_REQUESTED),
    (Status.PAID, PaymentDeadline): _OVERTAKEN,
    (Status.PAID, AcceptDeadline): Move(Status.CANCELLING, Says.ORDER_CANCEL_REQUESTED),
    (Status.PAID, CafeOrderCancelled): _UNASKED,
    (Status.PAID, OrderCancelRefused): _UNASKED,
    (Status.PAID, OrderPickedUp): Move(Status.COMPLETED),
    (Status.PAID, DeliveryConfirmed): Move(Status.COMPLETED),
    (Status.PAID, OrderUncollected): Move(Status.UNCOLLECTED),
    (Status.ACCEPTED, PlaceOrder): _REPEATED,
    (Status.ACCEPTED, Paid): _OVERTAKEN,
    (Status.ACCEPTED, PaymentFailed): _CONTRADICTION,
    (Status.ACCEPTED, OrderAccepted): _SEEN,
    (Status.ACCEPTED, OrderRejected): Move(Status.REJECTED),
    (Status.ACCEPTED, CancelOrder): When(
        _being_made, _MADE, Move(Status.CANCELLING, Says.ORDER_CANCEL_REQUESTED)
    ),
    (Status.ACCEPTED, PaymentDeadline): _OVERTAKEN,
    (Status.ACCEPTED, AcceptDeadline): _OVERTAKEN,
    (Status.ACCEPTED, CafeOrderCancelled): _UNASKED,
    (Status.ACCEPTED, OrderCancelRefused): _SEEN,
    (Status.ACCEPTED, OrderPickedUp): Move(Status.COMPLETED),
    (Status.ACCEPTED, DeliveryConfirmed): Move(Status.COMPLETED),
    (Status.ACCEPTED, OrderUncollected): Move(Status.UNCOLLECTED),
    (Status.CANCELLING, PlaceOrder): _REPEATED,
    (Status.CANCELLING, Paid): Move(Status.CANCELLING),
    (Status.CANCELLING, PaymentFailed): Move(Status.CANCELLED, Says.ORDER_CANCELLED),
    (Status.CANCELLING, OrderAccepted): _JUDGED,
    (Status.CANCELLING, OrderRejected): Move(Status.REJECTED),
    (Status.CANCELLING, CancelOrder): _UNDER_WAY,
    (Status.CANCELLING, PaymentDeadline): _UNDER_WAY,
    (Status.CANCELLING, AcceptDeadline): _UNDER_WAY,
    (Status.CANCELLING, CafeOrderCancelled): Move(Status.CANCELLED, Says.ORDER_CANCELLED),
    (Status.CANCELLING, OrderCancelRefused): Move(Status.ACCEPTED),
    (Status.CANCELLING, OrderPickedUp): Move(Status.COMPLETED),
    (Status.CANCELLING, DeliveryConfirmed): Move(Status.COMPLETED),
    (Status.CANCELLING, OrderUncollected): Move(Status.UNCOLLECTED),
    (Status.COMPLETED, PlaceOrder): _REPEATED,
    (Status.COMPLETED, Paid): _OVERTAKEN,
    (Status.COMPLETED, PaymentFailed): _CONTRADICTION,
    (Status.COMPLETED, OrderAccepted): _OVERTAKEN,
    (Status.COMPLETED, OrderRejected): _TWO_ENDS,
    (Status.COMPLETED, CancelOrder): _TOO_LATE,
    (Status.COMPLETED, PaymentDeadline): _OVERTAKEN,
    (Status.COMPLETED, AcceptDeadline): _OVERTAKEN,
    (Status.COMPLETED, CafeOrderCancelled): _TWO_ENDS,
    (Status.COMPLETED, OrderCancelRefused): _OVERTAKEN,
    (Status.COMPLETED, OrderPickedUp): _SEEN,
    (Status.COMPLETED, DeliveryConfirmed): _SEEN,
    (Status.COMPLETED, OrderUncollected): _TWO_ENDS,
    (Status.CANCELLED, PlaceOrder): _REPEATED,
    (Status.CANCELLED, Paid): _OVERTAKEN,
    (Status.CANCELLED, PaymentFailed): _OVERTAKEN,
    (Status.CANCELLED, OrderAccepted): _OVERTAKEN,
    (Status.CANCELLED, OrderRejected): _TWO_ENDS,
    (Status.CANCELLED, CancelOrder): _ALREADY,
    (Status.CANCELLED, PaymentDeadline): _OVERTAKEN,
    (Status.CANCELLED, AcceptDeadline): _OVERTAKEN,
    (Status.CANCELLED, CafeOrderCancelled): _SEEN,
    (Status.CANCELLED, OrderCancelRefused): _TWO_ENDS,
    (Status.CANCELLED, OrderPickedUp): _TWO_ENDS,
    (Status.CANCELLED, DeliveryConfirmed): _TWO_ENDS,
    (Status.CANCELLED, OrderUncollected): _TWO_ENDS,
    (Status.REJECTED, PlaceOrder): _REPEATED,
    (Status.REJECTED, Paid): _OVERTAKEN,
    (Status.REJECTED, PaymentFailed): _CONTRADICTION,
    (Status.REJECTED, OrderAccepted): _OVERTAKEN,
    (Status.REJECTED, OrderRejected): _SEEN,
    (Status.REJECTED, CancelOrder): _TOO_LATE,
    (Status.REJECTED, PaymentDeadline): _OVERTAKEN,
    (Status.REJECTED, AcceptDeadline): _OVERTAKEN,
    (Status.REJECTED, CafeOrderCancelled): _TWO_ENDS,
    (Status.REJECTED, OrderCancelRefused): _TWO_ENDS,
    (Status.REJECTED, OrderPickedUp): _TWO_ENDS,
    (Status.REJECTED, DeliveryConfirmed): _TWO_ENDS,
    (Status.REJECTED, OrderUncollected): _TWO_ENDS,
    (Status.UNCOLLECTED, PlaceOrder): _REPEATED,
    (Status.UNCOLLECTED, Paid): _OVERTAKEN,
    (Status.UNCOLLECTED, PaymentFailed): _CONTRADICTION,
    (Status.UNCOLLECTED, OrderAccepted): _OVERTAKEN,
    (Status.UNCOLLECTED, OrderRejected): _TWO_ENDS,
    (Status.UNCOLLECTED, CancelOrder): _TOO_LATE,
    (Status.UNCOLLECTED, PaymentDeadline): _OVERTAKEN,
    (Status.UNCOLLECTED, AcceptDeadline): _OVERTAKEN,
    (Status.UNCOLLECTED, CafeOrderCancelled): _TWO_ENDS,
    (Status.UNCOLLECTED, OrderCancelRefused): _OVERTAKEN,
    (Status.UNCOLLECTED, OrderPickedUp): _TWO_ENDS,
    (Status.UNCOLLECTED, DeliveryConfirmed): _TWO_ENDS,
    (Status.UNCOLLECTED, OrderUncollected): _SEEN,
}


def decide(order: Order | None, trigger: Trigger, now: datetime) -> Decision[Order]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(order.status if order else None, type(trigger))]
    return settle(row, order, lambda state, to: _evolve(state, trigger, Status(to), now), trigger)


def _evolve(order: Order | None, trigger: Trigger, to: Status, now: datetime) -> Order:
    if isinstance(trigger, PlaceOrder):
        return _placed(trigger, to, now)
    assert order is not None  # noqa: S101 - only PlaceOrder moves from no document
    match trigger:
        case Paid(at=at):
            return replace(order, status=to, paid_at=at)
        case PaymentFailed():
            return replace(order, status=to, reason=CancelReason.PAYMENT_FAILED)
        case CancelOrder(requested_by=by):
            return _cancelling(order, to, CancelReason.CUSTOMER, by, now)
        case PaymentDeadline():
            return _cancelling(order, to, CancelReason.PAYMENT_TIMEOUT, RequestedBy.DEADLINE, now)
        case AcceptDeadline():
            return _cancelling(order, to, CancelReason.ACCEPT_TIMEOUT, RequestedBy.DEADLINE, now)
        case OrderCancelRefused():
            kept = replace(order, reason=None, requested_by=None, cancelling_since=None)
            return replace(kept, status=to, being_made=True)
        case _:
            return replace(order, status=to)


def _placed(trigger: PlaceOrder, to: Status, now: datetime) -> Order:
    return Order(
        order_id=trigger.order_id,
        customer_id=trigger.customer_id,
        cafe_id=trigger.cafe_id,
        status=to,
        items=trigger.items,
        total=total_of(trigger.items),
        payment_method=trigger.payment_method,
        fulfilment=trigger.fulfilment,
        note=trigger.note,
        fingerprint=trigger.fingerprint,
        placed_at=now,
    )


def _cancelling(
    order: Order, to: Status, reason: CancelReason, by: RequestedBy, now: datetime
) -> Order:
    return replace(order, status=to, reason=reason, requested_by=by, cancelling_since=now)
