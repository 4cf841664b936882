"""The Order: what the customer asked for, and how far it has come. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from cafe_kit.transitions import Decision, Ignore, Impossible, Move, Refuse, Row, When, settle


class Status(StrEnum):
    """PLACED, PAID and ACCEPTED go on; COMPLETED and CANCELLED are terminal."""

    PLACED = "PLACED"
    PAID = "PAID"
    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class Says(StrEnum):
    """The events of order-svc."""

    ORDER_PLACED = "OrderPlaced"
    ORDER_CANCELLED = "OrderCancelled"


class CancelReason(StrEnum):
    """Why an order was cancelled."""

    PAYMENT_FAILED = "payment_failed"


class Method(StrEnum):
    """How the drinks reach the customer."""

    PICKUP = "pickup"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (KRW has none, so whole won) and its ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order; name and price are the menu's at the time of ordering."""

    menu_id: str
    name: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Pickup, or delivery to an address."""

    method: Method
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The state of one order. `fingerprint` is the SHA-256 of the request that placed it."""

    order_id: str
    customer_id: str
    cafe_id: str
    status: Status
    items: tuple[Item, ...]
    total: Money
    payment_method: str
    fulfilment: Fulfilment
    note: str | None
    fingerprint: str
    placed_at: datetime
    paid_at: datetime | None = None
    reason: CancelReason | None = None


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A customer orders priced items."""

    order_id: str
    customer_id: str
    cafe_id: str
    items: tuple[Item, ...]
    payment_method: str
    fulfilment: Fulfilment
    note: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Paid:
    """payment-svc has charged the total."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """payment-svc could not charge, and never will for this order."""


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The cafe will make it."""


@dataclass(frozen=True, slots=True)
class OrderPickedUp:
    """The customer has the drinks."""


@dataclass(frozen=True, slots=True)
class DeliveryConfirmed:
    """The rider has handed the drinks over."""


Trigger = PlaceOrder | Paid | PaymentFailed | OrderAccepted | OrderPickedUp | DeliveryConfirmed


def total_of(items: tuple[Item, ...]) -> Money:
    """Return the sum of the lines. Raises `ValueError` for two currencies or no line."""
    currencies = {item.unit_price.currency for item in items}
    if len(currencies) != 1:
        raise ValueError(f"one currency needed, got {sorted(currencies)}")
    return Money(sum(i.quantity * i.unit_price.amount for i in items), currencies.pop())


def _same_request(order: Order, trigger: PlaceOrder) -> bool:
    return order.fingerprint == trigger.fingerprint


_REPEATED: Final = When(
    _same_request,
    Ignore("this request has placed the order before"),
    Refuse("the Idempotency-Key was used with another body"),
)
_SEEN: Final = Ignore("seen before")
_OVERTAKEN: Final = Ignore("a later event was faster")
_UNPLACED: Final = Impossible("nobody placed this order")
_UNPAID: Final = Impossible("a failed payment cannot be followed by this")
_PAID_TWICE: Final = Impossible("a payment ends either paid or failed, never both")

TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, PlaceOrder): Move(Status.PLACED, Says.ORDER_PLACED),
    (None, Paid): _UNPLACED,
    (None, PaymentFailed): _UNPLACED,
    (None, OrderAccepted): _UNPLACED,
    (None, OrderPickedUp): _UNPLACED,
    (None, DeliveryConfirmed): _UNPLACED,
    (Status.PLACED, PlaceOrder): _REPEATED,
    (Status.PLACED, Paid): Move(Status.PAID),
    (Status.PLACED, PaymentFailed): Move(Status.CANCELLED, Says.ORDER_CANCELLED),
    (Status.PLACED, OrderAccepted): Move(Status.ACCEPTED),
    (Status.PLACED, OrderPickedUp): Move(Status.COMPLETED),
    (Status.PLACED, DeliveryConfirmed): Move(Status.COMPLETED),
    (Status.PAID, PlaceOrder): _REPEATED,
    (Status.PAID, Paid): _SEEN,
    (Status.PAID, PaymentFailed): _PAID_TWICE,
    (Status.PAID, OrderAccepted): Move(Status.ACCEPTED),
    (Status.PAID, OrderPickedUp): Move(Status.COMPLETED),
    (Status.PAID, DeliveryConfirmed): Move(Status.COMPLETED),
    (Status.ACCEPTED, PlaceOrder): _REPEATED,
    (Status.ACCEPTED, Paid): _OVERTAKEN,
    (Status.ACCEPTED, PaymentFailed): _PAID_TWICE,
    (Status.ACCEPTED, OrderAccepted): _SEEN,
    (Status.ACCEPTED, OrderPickedUp): Move(Status.COMPLETED),
    (Status.ACCEPTED, DeliveryConfirmed): Move(Status.COMPLETED),
    (Status.COMPLETED, PlaceOrder): _REPEATED,
    (Status.COMPLETED, Paid): _OVERTAKEN,
    (Status.COMPLETED, PaymentFailed): _PAID_TWICE,
    (Status.COMPLETED, OrderAccepted): _OVERTAKEN,
    (Status.COMPLETED, OrderPickedUp): _SEEN,
    (Status.COMPLETED, DeliveryConfirmed): _SEEN,
    (Status.CANCELLED, PlaceOrder): _REPEATED,
    (Status.CANCELLED, Paid): _UNPAID,
    (Status.CANCELLED, PaymentFailed): _SEEN,
    (Status.CANCELLED, OrderAccepted): _UNPAID,
    (Status.CANCELLED, OrderPickedUp): _UNPAID,
    (Status.CANCELLED, DeliveryConfirmed): _UNPAID,
}


def decide(order: Order | None, trigger: Trigger, now: datetime) -> Decision[Order]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(order.status if order else None, type(trigger))]
    return settle(row, order, lambda state, to: _evolve(state, trigger, Status(to), now), trigger)


def _evolve(order: Order | None, trigger: Trigger, to: Status, now: datetime) -> Order:
    if isinstance(trigger, PlaceOrder):
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
    assert order is not None  # noqa: S101 - only PlaceOrder moves from no document
    match trigger:
        case Paid(at=at):
            return replace(order, status=to, paid_at=at)
        case PaymentFailed():
            return replace(order, status=to, reason=CancelReason.PAYMENT_FAILED)
        case OrderAccepted() | OrderPickedUp() | DeliveryConfirmed():
            return replace(order, status=to)
        case _:
            assert_never(trigger)
