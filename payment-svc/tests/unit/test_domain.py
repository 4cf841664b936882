"""The Payment's table: what each trigger makes of each state, the whole of it compared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from cafe_kit.transitions import Decision, Ignore, Impossible
from payment_svc.domain import TRANSITIONS, decide
from payment_svc.events import EVENTS
from payment_svc.model import (
    ChargeAttemptFailed,
    Charged,
    Declined,
    EntryKind,
    FailureReason,
    Fulfilment,
    Item,
    LedgerEntry,
    Money,
    NothingCharged,
    Payment,
    RefundAttemptFailed,
    Refunded,
    Says,
    StartPayment,
    Status,
    Trigger,
    Undo,
    UndoReason,
)
from tests.memory.tables import (
    assert_complete,
    assert_decisions,
    assert_every_branch_is_taken,
    assert_every_event_is_said,
    explored,
    moved,
    read_grid,
)

START_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHARGED_AT, UNDONE_AT, NOW = (START_AT + timedelta(seconds=n) for n in (5, 6, 7))
ITEMS = (Item("latte", "Latte", 2, Money(5000, "KRW")),)
START = StartPayment(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    amount=Money(10_000, "KRW"),
    payment_method="tok_ok",
    items=ITEMS,
    fulfilment=Fulfilment("pickup"),
    note="no ice",
)
PENDING = Payment(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    status=Status.PENDING,
    amount=Money(10_000, "KRW"),
    payment_method="tok_ok",
    items=ITEMS,
    fulfilment=Fulfilment("pickup"),
    note="no ice",
)


def charge(at: datetime, ref: str = "ch_1") -> LedgerEntry:
    return LedgerEntry("charge:o-1", EntryKind.CHARGE, 10_000, at, ref)


def refund(key: str = "refund:o-1") -> LedgerEntry:
    return LedgerEntry(key, EntryKind.REFUND, 10_000, NOW, "re_1")


ASKED = replace(PENDING, attempts=2, last_error="away")
PAID = replace(PENDING, status=Status.PAID, approval_code="000001", ledger=(charge(CHARGED_AT),))
FAILED = replace(PENDING, status=Status.FAILED, reason=FailureReason.DECLINED)
UNDONE = {"status": Status.REFUNDING, "reason": UndoReason.REJECTED, "refunding_since": UNDONE_AT}
UNPAID: Payment = replace(PENDING, **UNDONE)
REFUNDING: Payment = replace(PAID, **UNDONE, attempts=3, last_error="away")
FOURTH = replace(REFUNDING, attempts=4)
VOIDED = replace(UNPAID, status=Status.VOIDED, attempts=2, last_error="away")
LATE = replace(
    VOIDED,
    status=Status.REFUNDING,
    approval_code="000001",
    refunding_since=NOW,
    ledger=(charge(NOW),),
    charged_late=True,
    attempts=0,
    last_error=None,
)
TOMBSTONE = Payment("o-1", "ana", "gangnam", Status.VOIDED, reason=UndoReason.CANCELLED)
REFUNDED = replace(
    REFUNDING, status=Status.REFUNDED, refund_id="re_1", ledger=(charge(CHARGED_AT), refund())
)
STATES: Final[dict[str, Payment | None]] = {
    "none": None,
    "PENDING": PENDING,
    "PAID": PAID,
    "FAILED": FAILED,
    "UNPAID": UNPAID,
    "REFUNDING": REFUNDING,
    "FOURTH": FOURTH,
    "LATE": LATE,
    "VOIDED": VOIDED,
    "TOMBSTONE": TOMBSTONE,
    "REFUNDED": REFUNDED,
    "ASKED": ASKED,
}
TRIGGERS: Final[dict[str, Trigger]] = {
    "StartPayment": START,
    "Charged": Charged("ch_1", "000001"),
    "Declined": Declined(FailureReason.DECLINED),
    "ChargeFailed": ChargeAttemptFailed("503"),
    "Undo": Undo("o-1", "ana", "gangnam", UndoReason.CANCELLED),
    "NothingCharged": NothingCharged(),
    "Refunded": Refunded("re_1", 10_000),
    "Part": Refunded("re_1", 9_999),
    "AttemptFailed": RefundAttemptFailed("503"),
}
GRID = read_grid("""
               none PENDING PAID FAILED UNPAID REFUNDING FOURTH LATE VOIDED TOMBSTONE REFUNDED ASKED
StartPayment   >    seen    seen seen   seen   seen      seen   seen gone   gone      gone     seen
Charged        odd  >       seen both   >      seen      seen   seen >      odd       ledger   >
Declined       odd  >       both seen   >      both      both   both none   none      both     >
ChargeFailed   odd  >       late late   late   late      late   late late   late      late     >
Undo           >    >       >    none   seen   seen      seen   seen seen   seen      seen     >
NothingCharged odd  odd     odd  odd    >      both      both   both seen   seen      both     odd
Refunded       odd  odd     odd  odd    >      >         >      >    odd    odd       seen     odd
Part           odd  odd     odd  odd    both   both      both   both odd    odd       seen     odd
AttemptFailed  odd  odd     odd  odd    >      >         >      >    late   late      late     odd
""")  # fmt: skip
STAYS: Final = {
    "seen": Ignore("seen before"),
    "none": Ignore("nothing was charged, so nothing is to go back"),
    "gone": Ignore("the order was undone before its payment started"),
    "late": Ignore("another attempt has settled it"),
    "ledger": Ignore("this charge has been refunded"),
    "odd": Impossible("the gateway answered a question nobody asked"),
    "both": Impossible("the gateway contradicts itself"),
}


def to(
    before: Payment, status: Status, says: Says | None = None, **changes: Any
) -> Decision[Payment]:
    return moved((replace(before, status=status, **changes), says))


def refunded(before: Payment, *ledger: LedgerEntry) -> Decision[Payment]:
    changes = {"ledger": ledger, "refund_id": "re_1"}
    return to(before, Status.REFUNDED, Says.PAYMENT_REFUNDED, **changes)


def tried(before: Payment, attempts: int, says: Says | None = None) -> Decision[Payment]:
    return to(before, Status.REFUNDING, says, attempts=attempts, last_error="503")


UNDO: Final[dict[str, Any]] = {
    "reason": UndoReason.CANCELLED,
    "refunding_since": NOW,
    "attempts": 0,
    "last_error": None,
}
CHARGE: Final[dict[str, Any]] = {"approval_code": "000001", "ledger": (charge(NOW),)}
MOVES: Final[dict[tuple[str, str], Decision[Payment]]] = {
    ("none", "StartPayment"): moved((PENDING, None)),
    ("none", "Undo"): moved((TOMBSTONE, Says.PAYMENT_CANCELLED)),
    ("PENDING", "Charged"): to(PENDING, Status.PAID, Says.PAID, **CHARGE),
    ("PENDING", "Declined"): moved((FAILED, Says.PAYMENT_FAILED)),
    ("PENDING", "Undo"): to(PENDING, Status.REFUNDING, **UNDO),
    ("PENDING", "ChargeFailed"): to(PENDING, Status.PENDING, attempts=1, last_error="503"),
    ("ASKED", "Charged"): to(ASKED, Status.PAID, Says.PAID, **CHARGE),
    ("ASKED", "Declined"): to(
        ASKED, Status.FAILED, Says.PAYMENT_FAILED, reason=FailureReason.DECLINED
    ),
    ("ASKED", "ChargeFailed"): to(ASKED, Status.PENDING, attempts=3, last_error="503"),
    ("ASKED", "Undo"): to(ASKED, Status.REFUNDING, **UNDO),
    ("PAID", "Undo"): to(PAID, Status.REFUNDING, **UNDO),
    ("UNPAID", "Charged"): to(UNPAID, Status.REFUNDING, **CHARGE),
    ("UNPAID", "Declined"): to(UNPAID, Status.VOIDED, Says.PAYMENT_CANCELLED),
    ("UNPAID", "NothingCharged"): to(UNPAID, Status.VOIDED, Says.PAYMENT_CANCELLED),
    ("UNPAID", "Refunded"): refunded(
        UNPAID, charge(NOW, "answer lost, known by its refund"), refund()
    ),
    ("REFUNDING", "Refunded"): moved((REFUNDED, Says.PAYMENT_REFUNDED)),
    ("FOURTH", "Refunded"): refunded(FOURTH, charge(CHARGED_AT), refund()),
    ("LATE", "Refunded"): refunded(LATE, charge(NOW), refund("refund:o-1:late")),
    ("UNPAID", "AttemptFailed"): tried(UNPAID, 1),
    ("REFUNDING", "AttemptFailed"): tried(REFUNDING, 4),
    ("FOURTH", "AttemptFailed"): tried(FOURTH, 5, Says.REFUND_FAILED),
    ("LATE", "AttemptFailed"): tried(LATE, 1),
    ("VOIDED", "Charged"): moved((LATE, None)),
}


def test_every_status_and_trigger_has_a_row_and_every_status_is_reached() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))


def test_every_branch_of_every_row_is_taken_by_payments_that_can_come_to_be() -> None:
    triggers = list(TRIGGERS.values())
    states = explored(decide, triggers, NOW, steps=7)

    assert_every_branch_is_taken(TRANSITIONS, states, triggers)


def test_every_pair_is_decided_as_written_here() -> None:
    assert_decisions(decide, GRID, STATES, TRIGGERS, STAYS, MOVES, NOW)


def test_a_refund_that_fails_for_ever_is_told_at_the_fifth_attempt_only() -> None:
    payment = replace(REFUNDING, attempts=0)
    told: list[tuple[int, object]] = []

    for _ in range(100):
        (step,) = decide(payment, RefundAttemptFailed("503"), NOW).steps
        payment = step.state
        told.append((payment.attempts, step.says))

    fifth = (5, Says.REFUND_FAILED)
    assert told == [fifth if n == 5 else (n, None) for n in range(1, 101)]


def test_everything_that_can_be_said_is_said_and_has_an_event() -> None:
    assert_every_event_is_said(TRANSITIONS, Says, EVENTS)


def test_ids_follow_from_the_order_so_that_every_attempt_uses_the_same() -> None:
    assert (PENDING.payment_id, PENDING.charge_key) == ("pay-o-1", "charge:o-1")
    assert (REFUNDING.refund_key, LATE.refund_key) == ("refund:o-1", "refund:o-1:late")
