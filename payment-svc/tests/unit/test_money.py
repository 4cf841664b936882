"""The money, whatever comes in whatever sequence: 0 <= refunded <= charged <= total (I3)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_svc.domain import decide, ledger_is_sound
from payment_svc.model import (
    Charged,
    Declined,
    EntryKind,
    FailureReason,
    Fulfilment,
    LedgerEntry,
    Money,
    NothingCharged,
    Payment,
    RefundAttemptFailed,
    Refunded,
    StartPayment,
    Status,
    Trigger,
    Undo,
    UndoReason,
)

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOTAL: Final = 10_000
START = StartPayment(
    "o-1", "ana", "gangnam", Money(TOTAL, "KRW"), "tok_ok", (), Fulfilment("pickup"), None
)
ANYTHING: st.SearchStrategy[Trigger] = st.one_of(
    st.just(START),
    st.builds(Charged, st.sampled_from(["ch_1", "ch_2"]), st.just("000001")),
    st.builds(Declined, st.sampled_from(FailureReason)),
    st.sampled_from([Undo("o-1", "ana", "gangnam", why) for why in UndoReason]),
    st.just(NothingCharged()),
    st.builds(Refunded, st.just("re_1"), st.integers(0, 2 * TOTAL) | st.just(TOTAL)),
    st.just(RefundAttemptFailed("503")),
)
STARTED = st.lists(ANYTHING, max_size=12).map(lambda rest: [START, *rest])


CHARGE = LedgerEntry("charge:o-1", EntryKind.CHARGE, TOTAL, NOW, "ch_1")
REFUND = replace(CHARGE, entry_id="refund:o-1", kind=EntryKind.REFUND)
PAID = Payment("o-1", "ana", "gangnam", Status.PAID, Money(TOTAL, "KRW"))


@pytest.mark.parametrize(
    ("ledger", "sound"),
    [
        ((), True),
        ((CHARGE,), True),
        ((CHARGE, REFUND), True),
        ((CHARGE, replace(REFUND, amount=TOTAL - 1)), True),
        ((replace(CHARGE, amount=TOTAL - 1),), True),
        ((replace(CHARGE, amount=0), replace(REFUND, amount=0)), True),
        ((replace(CHARGE, amount=TOTAL + 1),), False),
        ((CHARGE, replace(REFUND, amount=TOTAL + 1)), False),
        ((CHARGE, replace(REFUND, amount=-1)), False),
        ((replace(CHARGE, amount=1), replace(REFUND, amount=2)), False),
        ((REFUND,), False),
        ((replace(CHARGE, amount=1), replace(CHARGE, amount=1)), False),
        ((CHARGE, replace(REFUND, amount=1), replace(REFUND, amount=1)), False),
    ],
)
def test_a_ledger_is_sound_or_a_bug(ledger: tuple[LedgerEntry, ...], *, sound: bool) -> None:
    assert ledger_is_sound(replace(PAID, ledger=ledger)) is sound


def test_a_payment_without_an_amount_has_moved_nothing() -> None:
    assert ledger_is_sound(replace(PAID, amount=None))
    assert not ledger_is_sound(replace(PAID, amount=None, ledger=(replace(CHARGE, amount=1),)))


def test_a_charge_of_the_smallest_amount_is_a_charge() -> None:
    cheap = replace(PAID, amount=Money(1, "KRW"), ledger=(replace(CHARGE, amount=1),))

    (undone,) = decide(cheap, Undo("o-1", "ana", "gangnam", UndoReason.CANCELLED), NOW).steps

    assert decide(undone.state, NothingCharged(), NOW).steps == ()


def test_no_step_leaves_an_unsound_ledger_behind() -> None:
    broken = replace(PAID, ledger=(CHARGE, CHARGE))

    with pytest.raises(ValueError, match=r"^unsound ledger after Undo: \(LedgerEntry"):
        decide(broken, Undo("o-1", "ana", "gangnam", UndoReason.CANCELLED), NOW)


@given(STARTED | st.lists(ANYTHING, max_size=12))
def test_no_sequence_of_triggers_loses_or_makes_money(triggers: Sequence[Trigger]) -> None:
    payment: Payment | None = None

    for trigger in triggers:
        known = payment.ledger if payment else ()
        decision = decide(payment, trigger, NOW)
        payment = decision.steps[-1].state if decision.steps else payment
        if payment is None:
            continue
        charged, refunded = map(payment.total_of, EntryKind)
        assert 0 <= refunded <= charged <= TOTAL
        assert refunded in (0, charged)
        assert payment.ledger[: len(known)] == known
        assert len({entry.kind for entry in payment.ledger}) == len(payment.ledger) <= 2
