"""The page row: a fold of what the owners say, the same for any sequence and any repetition. Pure.

For each source the newest version wins; fields that only one event carries are taken from it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """Whose aggregate a fact is about."""

    ORDER = "order"
    PAYMENT = "payment"
    CAFE_ORDER = "cafe_order"


class OrderStatus(StrEnum):
    """What the customer reads about the order."""

    ORDERED = "Ordered"
    PAID = "Paid"
    ACCEPTED = "Accepted"
    MAKING = "Making"
    READY = "Ready"
    COMPLETED = "Completed"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    REJECTED = "Rejected"
    UNCOLLECTED = "Uncollected"


class DeliveryStatus(StrEnum):
    """What the customer reads about the way to the door."""

    NONE = "None"
    BEFORE = "Before delivery"
    DELIVERING = "Delivering"
    DELIVERED = "Delivered"
    PICKED_UP = "Picked up"


class RefundStatus(StrEnum):
    """What the customer reads about money on its way back."""

    NONE = "None"
    IN_PROGRESS = "In progress"
    REFUNDED = "Refunded"
    DELAYED = "Delayed"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units and its ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the order."""

    menu_id: str
    name: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Pickup, or delivery to an address."""

    method: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """What only OrderPlaced tells."""

    items: tuple[Item, ...]
    total: Money
    fulfilment: Fulfilment
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, as far as a page cares. `event` is its short name."""

    order_id: str
    customer_id: str
    cafe_id: str
    event: str
    source: Source
    version: int
    status: str
    at: datetime
    placed: Placed | None = None
    ready_at: datetime | None = None
    refunded: Money | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The newest that one owner has said."""

    version: int
    status: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    event: str
    at: datetime
    source: Source
    version: int


@dataclass(frozen=True, slots=True)
class Row:
    """One order's page."""

    order_id: str
    customer_id: str
    cafe_id: str
    placed: Placed | None = None
    order: Part | None = None
    payment: Part | None = None
    cafe_order: Part | None = None
    ready_at: datetime | None = None
    queued_at: datetime | None = None
    refunded: Money | None = None
    timeline: tuple[Moment, ...] = field(default=())


_AT_CAFE: Final = {
    "QUEUED": OrderStatus.PAID,
    "ACCEPTED": OrderStatus.ACCEPTED,
    "MAKING": OrderStatus.MAKING,
    "READY": OrderStatus.READY,
    "DELIVERING": OrderStatus.READY,
    "PICKED_UP": OrderStatus.COMPLETED,
    "DELIVERED": OrderStatus.COMPLETED,
    "REJECTED": OrderStatus.REJECTED,
    "CANCELLED": OrderStatus.CANCELLED,
    "UNCOLLECTED": OrderStatus.UNCOLLECTED,
}
_DELIVERY: Final = {
    "DELIVERING": DeliveryStatus.DELIVERING,
    "DELIVERED": DeliveryStatus.DELIVERED,
    "PICKED_UP": DeliveryStatus.PICKED_UP,
}
_OFF: Final = {OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.UNCOLLECTED}
WAITING: Final = frozenset({"QUEUED", "ACCEPTED", "MAKING"})
ACTIVE: Final = WAITING | {"READY", "DELIVERING"}


def fold(row: Row | None, fact: Fact) -> Row:
    """Add one fact. A fact that is in the timeline already changes nothing."""
    row = row or Row(fact.order_id, fact.customer_id, fact.cafe_id)
    moment = Moment(fact.event, fact.at, fact.source, fact.version)
    if moment in row.timeline:
        return row
    row = _with_part(row, fact)
    return replace(
        row,
        placed=fact.placed or row.placed,
        ready_at=fact.ready_at or row.ready_at,
        refunded=fact.refunded or row.refunded,
        queued_at=fact.at if fact.event == "OrderQueued" else row.queued_at,
        timeline=tuple(sorted((*row.timeline, moment), key=_when)),
    )


def order_status(row: Row) -> OrderStatus:
    """Say in one word how far the order is."""
    if row.order is not None and row.order.status == "CANCELLED":
        return OrderStatus.CANCELLED
    if _is_cancelling(row):
        return OrderStatus.CANCELLING
    if row.cafe_order is not None:
        return _AT_CAFE.get(row.cafe_order.status, OrderStatus.PAID)
    if row.payment is not None and row.payment.status == "PAID":
        return OrderStatus.PAID
    return OrderStatus.ORDERED


def delivery_status(row: Row) -> DeliveryStatus:
    """Say where the drinks are; None for an order that will bring none."""
    if order_status(row) in _OFF:
        return DeliveryStatus.NONE
    at_cafe = row.cafe_order.status if row.cafe_order else ""
    return _DELIVERY.get(at_cafe, DeliveryStatus.BEFORE)


def refund_status(row: Row) -> RefundStatus:
    """Say whether money is on its way back; Delayed once several attempts have failed."""
    if row.refunded is not None:
        return RefundStatus.REFUNDED
    if row.payment is not None and row.payment.status == "VOIDED":
        return RefundStatus.NONE
    told = {moment.event for moment in row.timeline}
    if "RefundFailed" in told:
        return RefundStatus.DELAYED
    given_up = told & {"OrderRejected", "CafeOrderCancelled"}
    if given_up and "Paid" in told:
        return RefundStatus.IN_PROGRESS
    return RefundStatus.NONE


def _is_cancelling(row: Row) -> bool:
    """A cancellation is asked for, and the cafe has neither granted it nor begun to make."""
    if row.order is None or row.order.status != "CANCELLING":
        return False
    return row.cafe_order is None or row.cafe_order.status in {"QUEUED", "ACCEPTED"}


def _with_part(row: Row, fact: Fact) -> Row:
    known = {
        Source.ORDER: row.order,
        Source.PAYMENT: row.payment,
        Source.CAFE_ORDER: row.cafe_order,
    }[fact.source]
    if known is not None and known.version >= fact.version:
        return row
    return replace(row, **{fact.source.value: Part(fact.version, fact.status)})


def _when(moment: Moment) -> tuple[datetime, str, int]:
    return moment.at, moment.source, moment.version
