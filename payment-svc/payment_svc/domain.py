"""The Payment: how far the money is. Pure: one row per status and trigger."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from cafe_kit.transitions import Decision, Ignore, Impossible, Move, Row, When, settle
from payment_svc.model import (
    ChargeAttemptFailed,
    Charged,
    Declined,
    EntryKind,
    LedgerEntry,
    NothingCharged,
    Payment,
    RefundAttemptFailed,
    Refunded,
    Says,
    StartPayment,
    Status,
    Trigger,
    Undo,
)

ALERT_AT_ATTEMPT: Final = 5


def _charge_known(payment: Payment, _: object) -> bool:
    return payment.total_of(EntryKind.CHARGE) > 0


def _whole(payment: Payment, trigger: Refunded) -> bool:
    return payment.amount is not None and trigger.amount == payment.amount.amount


def _tombstone(payment: Payment, _: object) -> bool:
    return payment.amount is None


def _fifth(payment: Payment, _: object) -> bool:
    return payment.attempts + 1 == ALERT_AT_ATTEMPT


_SEEN: Final = Ignore("seen before")
_NOTHING: Final = Ignore("nothing was charged, so nothing is to go back")
_UNDONE: Final = Ignore("the order was undone before its payment started")
_SETTLED: Final = Ignore("another attempt has settled it")
_IN_LEDGER: Final = Ignore("this charge has been refunded")
_UNASKED: Final = Impossible("the gateway answered a question nobody asked")
_CONTRADICTION: Final = Impossible("the gateway contradicts itself")
_LATE_CHARGE: Final = When(_charge_known, _SEEN, Move(Status.REFUNDING))
_NOTHING_TO_REFUND: Final = When(
    _charge_known, _CONTRADICTION, Move(Status.VOIDED, Says.PAYMENT_CANCELLED)
)
_ATTEMPT: Final = When(_fifth, Move(Status.REFUNDING, Says.REFUND_FAILED), Move(Status.REFUNDING))

TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, StartPayment): Move(Status.PENDING),
    (None, Charged): _UNASKED,
    (None, Declined): _UNASKED,
    (None, ChargeAttemptFailed): _UNASKED,
    (None, Undo): Move(Status.VOIDED, Says.PAYMENT_CANCELLED),
    (None, NothingCharged): _UNASKED,
    (None, Refunded): _UNASKED,
    (None, RefundAttemptFailed): _UNASKED,
    (Status.PENDING, StartPayment): _SEEN,
    (Status.PENDING, Charged): Move(Status.PAID, Says.PAID),
    (Status.PENDING, Declined): Move(Status.FAILED, Says.PAYMENT_FAILED),
    (Status.PENDING, ChargeAttemptFailed): Move(Status.PENDING),
    (Status.PENDING, Undo): Move(Status.REFUNDING),
    (Status.PENDING, NothingCharged): _UNASKED,
    (Status.PENDING, Refunded): _UNASKED,
    (Status.PENDING, RefundAttemptFailed): _UNASKED,
    (Status.PAID, StartPayment): _SEEN,
    (Status.PAID, Charged): _SEEN,
    (Status.PAID, Declined): _CONTRADICTION,
    (Status.PAID, ChargeAttemptFailed): _SETTLED,
    (Status.PAID, Undo): Move(Status.REFUNDING),
    (Status.PAID, NothingCharged): _UNASKED,
    (Status.PAID, Refunded): _UNASKED,
    (Status.PAID, RefundAttemptFailed): _UNASKED,
    (Status.REFUNDING, StartPayment): _SEEN,
    (Status.REFUNDING, Charged): _LATE_CHARGE,
    (Status.REFUNDING, Declined): _NOTHING_TO_REFUND,
    (Status.REFUNDING, ChargeAttemptFailed): _SETTLED,
    (Status.REFUNDING, Undo): _SEEN,
    (Status.REFUNDING, NothingCharged): _NOTHING_TO_REFUND,
    (Status.REFUNDING, Refunded): When(
        _whole, Move(Status.REFUNDED, Says.PAYMENT_REFUNDED), _CONTRADICTION
    ),
    (Status.REFUNDING, RefundAttemptFailed): _ATTEMPT,
    (Status.FAILED, StartPayment): _SEEN,
    (Status.FAILED, Charged): _CONTRADICTION,
    (Status.FAILED, Declined): _SEEN,
    (Status.FAILED, ChargeAttemptFailed): _SETTLED,
    (Status.FAILED, Undo): _NOTHING,
    (Status.FAILED, NothingCharged): _UNASKED,
    (Status.FAILED, Refunded): _UNASKED,
    (Status.FAILED, RefundAttemptFailed): _UNASKED,
    (Status.VOIDED, StartPayment): _UNDONE,
    (Status.VOIDED, Charged): When(_tombstone, _UNASKED, Move(Status.REFUNDING)),
    (Status.VOIDED, Declined): _NOTHING,
    (Status.VOIDED, ChargeAttemptFailed): _SETTLED,
    (Status.VOIDED, Undo): _SEEN,
    (Status.VOIDED, NothingCharged): _SEEN,
    (Status.VOIDED, Refunded): _UNASKED,
    (Status.VOIDED, RefundAttemptFailed): _SETTLED,
    (Status.REFUNDED, StartPayment): _UNDONE,
    (Status.REFUNDED, Charged): _IN_LEDGER,
    (Status.REFUNDED, Declined): _CONTRADICTION,
    (Status.REFUNDED, ChargeAttemptFailed): _SETTLED,
    (Status.REFUNDED, Undo): _SEEN,
    (Status.REFUNDED, NothingCharged): _CONTRADICTION,
    (Status.REFUNDED, Refunded): _SEEN,
    (Status.REFUNDED, RefundAttemptFailed): _SETTLED,
}


def decide(payment: Payment | None, trigger: Trigger, now: datetime) -> Decision[Payment]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(payment.status if payment else None, type(trigger))]
    return settle(row, payment, lambda state, to: _evolve(state, trigger, Status(to), now), trigger)


def ledger_is_sound(payment: Payment) -> bool:
    """Say whether 0 <= refunded <= charged <= total, with at most one entry of each kind (I3)."""
    charged, refunded = payment.total_of(EntryKind.CHARGE), payment.total_of(EntryKind.REFUND)
    total = payment.amount.amount if payment.amount else 0
    once = len({entry.kind for entry in payment.ledger}) == len(payment.ledger)
    return once and 0 <= refunded <= charged <= total


def _evolve(payment: Payment | None, trigger: Trigger, to: Status, now: datetime) -> Payment:
    after = _after(payment, trigger, to, now)
    if to is Status.REFUNDING and payment is not None and payment.status is not to:
        after = replace(after, refunding_since=now)
    if not ledger_is_sound(after):
        raise ValueError(f"unsound ledger after {type(trigger).__name__}: {after.ledger}")
    return after


def _after(payment: Payment | None, trigger: Trigger, to: Status, now: datetime) -> Payment:
    if payment is None:
        assert isinstance(trigger, StartPayment | Undo)  # noqa: S101 - only these move from no document
        return _first(trigger, to)
    match trigger:
        case Charged(charge_id=charge_id, approval_code=code):
            charged = _with_charge(payment, charge_id, now)
            charged = replace(charged, status=to, approval_code=code)
            if payment.status is Status.VOIDED:
                return replace(charged, charged_late=True, attempts=0, last_error=None)
            return charged
        case Declined(reason=reason):
            return replace(payment, status=to, reason=payment.reason or reason)
        case Undo(reason=reason):
            return replace(payment, status=to, reason=reason, attempts=0, last_error=None)
        case Refunded():
            return _refunded(payment, trigger, to, now)
        case ChargeAttemptFailed(error=error) | RefundAttemptFailed(error=error):
            return replace(payment, status=to, attempts=payment.attempts + 1, last_error=error)
        case _:
            return replace(payment, status=to)


def _first(trigger: StartPayment | Undo, to: Status) -> Payment:
    match trigger:
        case StartPayment():
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
        case Undo(order_id=order_id, customer_id=customer_id, cafe_id=cafe_id, reason=reason):
            return Payment(order_id, customer_id, cafe_id, to, reason=reason)
        case _:
            assert_never(trigger)


def _with_charge(payment: Payment, gateway_ref: str, now: datetime) -> Payment:
    amount = payment.amount.amount if payment.amount else 0
    entry = LedgerEntry(payment.charge_key, EntryKind.CHARGE, amount, now, gateway_ref)
    return replace(payment, ledger=(*payment.ledger, entry))


def _refunded(payment: Payment, trigger: Refunded, to: Status, now: datetime) -> Payment:
    """A refund proves a charge: one whose answer was lost is entered first."""
    if payment.total_of(EntryKind.CHARGE) == 0:
        payment = _with_charge(payment, "answer lost, known by its refund", now)
    entry = LedgerEntry(
        payment.refund_key, EntryKind.REFUND, trigger.amount, now, trigger.refund_id
    )
    return replace(payment, status=to, ledger=(*payment.ledger, entry), refund_id=trigger.refund_id)
