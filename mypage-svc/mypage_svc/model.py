"""The words of the read side: statuses, facts and the page row. Standard library only."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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
class Why:
    """Why there will be no drinks; `detail` in the cafe's own words."""

    reason: str
    detail: str | None = None


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
    rider: str | None = None
    why: Why | None = None


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
    """One order's page.

    `changed_at` is when it was last written: streams resume from there. It is no part of the fold.
    """

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
    rider: str | None = None
    why: Why | None = None
    timeline: tuple[Moment, ...] = field(default=())
    changed_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A row, and its place in the cafe's queue (1 is next, None when it does not wait)."""

    row: Row
    queue_position: int | None
