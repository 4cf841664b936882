"""The Payment: the money of one order, and its ledger. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from cafe_kit.transitions import Decision, Ignore, Impossible, Move, Row, settle


class Status(StrEnum):
    """PENDING waits for the gateway's answer; FAILED is terminal."""

    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"


class Says(StrEnum):
    """The events of payment-svc."""

    PAID = "Paid"
    PAYMENT_FAILED = "PaymentFailed"


class FailureReason(StrEnum):
    """Why nothing could be charged."""

    DECLINED = "declined"
    INVALID_METHOD = "invalid_method"
    ERROR = "error"


class EntryKind(StrEnum):
    """The two directions of money."""

    CHARGE = "charge"


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
    """The state of one payment; the ledger is append-only."""

    order_id: str
    customer_id: str
    cafe_id: str
    status: Status
    amount: Money
    payment_method: str
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None
    ledger: tuple[LedgerEntry, ...] = ()
    approval_code: str | None = None
    reason: FailureReason | None = None

    @property
    def payment_id(self) -> str:
        """One payment per order, so its id follows from the order's."""
        return f"pay-{self.order_id}"

    @property
    def charge_key(self) -> str:
        """The gateway's idempotency key: the same for every attempt to charge this order."""
        return f"charge:{self.order_id}"


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


Trigger = StartPayment | Charged | Declined

_SEEN: Final = Ignore("seen before")
_UNASKED: Final = Impossible("the gateway answered a question nobody asked")
_CONTRADICTION: Final = Impossible("the gateway gave two answers for one idempotency key")

TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, StartPayment): Move(Status.PENDING),
    (None, Charged): _UNASKED,
    (None, Declined): _UNASKED,
    (Status.PENDING, StartPayment): _SEEN,
    (Status.PENDING, Charged): Move(Status.PAID, Says.PAID),
    (Status.PENDING, Declined): Move(Status.FAILED, Says.PAYMENT_FAILED),
    (Status.PAID, StartPayment): _SEEN,
    (Status.PAID, Charged): _SEEN,
    (Status.PAID, Declined): _CONTRADICTION,
    (Status.FAILED, StartPayment): _SEEN,
    (Status.FAILED, Charged): _CONTRADICTION,
    (Status.FAILED, Declined): _SEEN,
}


def decide(payment: Payment | None, trigger: Trigger, now: datetime) -> Decision[Payment]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(payment.status if payment else None, type(trigger))]
    return settle(row, payment, lambda state, to: _evolve(state, trigger, Status(to), now), trigger)


def _evolve(payment: Payment | None, trigger: Trigger, to: Status, now: datetime) -> Payment:
    if isinstance(trigger, StartPayment):
        return Payment(
            order_id=trigger.order_id,
            customer_id=trigger.customer_id,
            cafe_id=trigger.cafe_id,
            status=to,
            amount=trigger.amount,
            payment_method=trigger.payment_method,
            items=trigger.items,
            fulfilment=trigger.fulfilment,
            note=trigger.note,
        )
    assert payment is not None  # noqa: S101 - only StartPayment moves from no document
    match trigger:
        case Charged(charge_id=charge_id, approval_code=code):
            entry = LedgerEntry(
                payment.charge_key, EntryKind.CHARGE, payment.amount.amount, now, charge_id
            )
            ledger = (*payment.ledger, entry)
            return replace(payment, status=to, ledger=ledger, approval_code=code)
        case Declined(reason=reason):
            return replace(payment, status=to, reason=reason)
        case _:
            assert_never(trigger)
