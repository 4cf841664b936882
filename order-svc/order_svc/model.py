"""The Order's state, and everything that can happen to it. Standard library only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """PLACED, PAID, ACCEPTED and CANCELLING go on; the others are terminal."""

    PLACED = "PLACED"
    PAID = "PAID"
    ACCEPTED = "ACCEPTED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    UNCOLLECTED = "UNCOLLECTED"


NO_DRINKS = frozenset({Status.CANCELLED, Status.REJECTED})
TERMINAL = NO_DRINKS | {Status.COMPLETED, Status.UNCOLLECTED}


class Says(StrEnum):
    """The events of order-svc."""

    ORDER_PLACED = "OrderPlaced"
    ORDER_CANCEL_REQUESTED = "OrderCancelRequested"
    ORDER_CANCELLED = "OrderCancelled"


class CancelReason(StrEnum):
    """Why an order was, or is to be, cancelled."""

    CUSTOMER = "customer"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_TIMEOUT = "payment_timeout"
    ACCEPT_TIMEOUT = "accept_timeout"


class RequestedBy(StrEnum):
    """Who wants an order cancelled."""

    CUSTOMER = "customer"
    DEADLINE = "deadline"
    OPERATOR = "operator"


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
    """The state of one order. `fingerprint` is the SHA-256 of the request that placed it.

    `being_made`: the cafe has refused a cancellation, so it is too late for another.
    """

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
    requested_by: RequestedBy | None = None
    cancelling_since: datetime | None = None
    being_made: bool = False


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


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The cafe will not make it."""


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """A person wants the order cancelled."""

    requested_by: RequestedBy


@dataclass(frozen=True, slots=True)
class PaymentDeadline:
    """Nobody has heard of the money for too long."""


@dataclass(frozen=True, slots=True)
class AcceptDeadline:
    """No barista has accepted for too long."""


@dataclass(frozen=True, slots=True)
class CafeOrderCancelled:
    """The cafe, the only judge, has cancelled."""


@dataclass(frozen=True, slots=True)
class OrderCancelRefused:
    """The cafe is making it already."""


@dataclass(frozen=True, slots=True)
class OrderUncollected:
    """Nobody came for the drinks."""


Trigger = (
    PlaceOrder
    | Paid
    | PaymentFailed
    | OrderAccepted
    | OrderRejected
    | CancelOrder
    | PaymentDeadline
    | AcceptDeadline
    | CafeOrderCancelled
    | OrderCancelRefused
    | OrderPickedUp
    | DeliveryConfirmed
    | OrderUncollected
)
