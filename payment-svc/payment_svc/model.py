"""The Payment's state, and everything that can happen to it. Standard library only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """PENDING and REFUNDING wait for the gateway; FAILED, VOIDED and REFUNDED are terminal."""

    PENDING = "PENDING"
    PAID = "PAID"
    REFUNDING = "REFUNDING"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"


class Says(StrEnum):
    """The events of payment-svc."""

    PAID = "Paid"
    PAYMENT_FAILED = "PaymentFailed"
    PAYMENT_CANCELLED = "PaymentCancelled"
    PAYMENT_REFUNDED = "PaymentRefunded"
    REFUND_FAILED = "RefundFailed"


class FailureReason(StrEnum):
    """Why nothing could be charged."""

    DECLINED = "declined"
    INVALID_METHOD = "invalid_method"
    ERROR = "error"


class EntryKind(StrEnum):
    """The two directions of money."""

    CHARGE = "charge"
    REFUND = "refund"


class UndoReason(StrEnum):
    """Why the money is to go back."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units and its ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the order, carried on so that the cafe needs no look-up."""

    menu_id: str
    name: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Pickup, or delivery to an address; carried on."""

    method: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One movement of money. `entry_id` is the idempotency key it was made with."""

    entry_id: str
    kind: EntryKind
    amount: int
    at: datetime
    gateway_ref: str


@dataclass(frozen=True, slots=True)
class Payment:
    """The state of one payment; the ledger is append-only.

    A tombstone (VOIDED before any order was heard of) has no amount, method and lines.
    `attempts` counts those in vain to charge while it is PENDING, to refund from then on.
    `charged_late`: the gateway charged after it had said that nothing would be.
    """

    order_id: str
    customer_id: str
    cafe_id: str
    status: Status
    amount: Money | None = None
    payment_method: str | None = None
    items: tuple[Item, ...] = ()
    fulfilment: Fulfilment | None = None
    note: str | None = None
    ledger: tuple[LedgerEntry, ...] = ()
    approval_code: str | None = None
    reason: FailureReason | UndoReason | None = None
    refund_id: str | None = None
    refunding_since: datetime | None = None
    attempts: int = 0
    last_error: str | None = None
    charged_late: bool = False

    @property
    def payment_id(self) -> str:
        """One payment per order, so its id follows from the order's."""
        return f"pay-{self.order_id}"

    @property
    def charge_key(self) -> str:
        """The gateway's idempotency key: the same for every attempt to charge this order."""
        return f"charge:{self.order_id}"

    @property
    def refund_key(self) -> str:
        """The gateway's idempotency key: the same for every attempt to refund this charge.

        Under the plain key the gateway has said, and would say again, that there was no charge.
        """
        return f"refund:{self.order_id}:late" if self.charged_late else f"refund:{self.order_id}"

    def total_of(self, kind: EntryKind) -> int:
        """Return what has moved in one direction, in minor units."""
        return sum(entry.amount for entry in self.ledger if entry.kind is kind)


@dataclass(frozen=True, slots=True)
class StartPayment:
    """An order was placed; its total is to be charged."""

    order_id: str
    customer_id: str
    cafe_id: str
    amount: Money
    payment_method: str
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None


@dataclass(frozen=True, slots=True)
class Charged:
    """The gateway has charged the whole amount."""

    charge_id: str
    approval_code: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The gateway will not charge this order."""

    reason: FailureReason


@dataclass(frozen=True, slots=True)
class ChargeAttemptFailed:
    """Whether the gateway has charged is not known; it will be asked again with the same key."""

    error: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The cafe has cancelled or rejected: whatever was charged goes back."""

    order_id: str
    customer_id: str
    cafe_id: str
    reason: UndoReason


@dataclass(frozen=True, slots=True)
class NothingCharged:
    """The gateway has nothing to give back, and will not charge this order any more."""


@dataclass(frozen=True, slots=True)
class Refunded:
    """The gateway has given `amount` (minor units) back."""

    refund_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class RefundAttemptFailed:
    """The outcome of a refund is not known; it will be asked for again."""

    error: str


Trigger = (
    StartPayment
    | Charged
    | Declined
    | ChargeAttemptFailed
    | Undo
    | NothingCharged
    | Refunded
    | RefundAttemptFailed
)
