"""The Payment's table: every pair has a row, every move leaves exactly the state it should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from cafe_kit.transitions import Decision
from payment_svc.domain import (
    TRANSITIONS,
    Charged,
    Declined,
    EntryKind,
    FailureReason,
    Fulfilment,
    Item,
    LedgerEntry,
    Money,
    Payment,
    Says,
    StartPayment,
    Status,
    Trigger,
    decide,
)
from payment_svc.events import EVENTS
from payment_svc.saga import REACTIONS
from tests.memory.tables import (
    assert_complete,
    assert_decisions_follow_the_table,
    assert_every_event_is_said,
    moved,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
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
PAID = replace(
    PENDING,
    status=Status.PAID,
    approval_code="000001",
    ledger=(LedgerEntry("charge:o-1", EntryKind.CHARGE, 10_000, LATER, "ch_1"),),
)
FAILED = replace(PENDING, status=Status.FAILED, reason=FailureReason.DECLINED)
CHARGED = Charged("ch_1", "000001")
DECLINED = Declined(FailureReason.DECLINED)


def test_every_status_and_trigger_has_a_row_and_every_status_is_reached() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))


def test_everything_that_can_be_said_is_said_and_has_an_event() -> None:
    assert_every_event_is_said(TRANSITIONS, Says, EVENTS)


def test_a_payment_starts_when_an_order_is_placed() -> None:
    assert [reaction.hears.TOPIC for reaction in REACTIONS] == ["cafe.OrderPlaced.v1"]


def test_only_the_table_decides() -> None:
    states = (None, PENDING, PAID, FAILED)
    assert_decisions_follow_the_table(TRANSITIONS, decide, states, (START, CHARGED, DECLINED), NOW)


@pytest.mark.parametrize(
    ("before", "trigger", "after"),
    [
        (None, START, moved((PENDING, None))),
        (PENDING, CHARGED, moved((PAID, Says.PAID))),
        (PENDING, DECLINED, moved((FAILED, Says.PAYMENT_FAILED))),
    ],
)
def test_a_move_leaves_exactly_this_state(
    before: Payment | None, trigger: Trigger, after: Decision[Payment]
) -> None:
    assert decide(before, trigger, LATER) == after


def test_ids_follow_from_the_order_so_that_every_attempt_uses_the_same() -> None:
    assert (PENDING.payment_id, PENDING.charge_key) == ("pay-o-1", "charge:o-1")
