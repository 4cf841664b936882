"""The Order's table: every pair has a row, every move leaves exactly the state it should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_kit.transitions import Decision, Refuse
from order_svc.domain import (
    TRANSITIONS,
    CancelReason,
    DeliveryConfirmed,
    Fulfilment,
    Item,
    Method,
    Money,
    Order,
    OrderAccepted,
    OrderPickedUp,
    Paid,
    PaymentFailed,
    PlaceOrder,
    Says,
    Status,
    Trigger,
    decide,
    total_of,
)
from order_svc.events import EVENTS
from order_svc.saga import REACTIONS
from tests.memory.tables import (
    assert_complete,
    assert_decisions_follow_the_table,
    assert_every_event_is_said,
    moved,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
ITEMS = (
    Item("latte", "Latte", 2, Money(5000, "KRW")),
    Item("americano", "Americano", 1, Money(4500, "KRW")),
)
PLACE = PlaceOrder(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    items=ITEMS,
    payment_method="tok_ok",
    fulfilment=Fulfilment(Method.DELIVERY, "1 Teheran-ro"),
    note="no ice",
    fingerprint="f-1",
)
PLACED = Order(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    status=Status.PLACED,
    items=ITEMS,
    total=Money(14_500, "KRW"),
    payment_method="tok_ok",
    fulfilment=Fulfilment(Method.DELIVERY, "1 Teheran-ro"),
    note="no ice",
    fingerprint="f-1",
    placed_at=NOW,
)
PAID = replace(PLACED, status=Status.PAID, paid_at=LATER)
ACCEPTED = replace(PAID, status=Status.ACCEPTED)
COMPLETED = replace(PAID, status=Status.COMPLETED)
CANCELLED = replace(PLACED, status=Status.CANCELLED, reason=CancelReason.PAYMENT_FAILED)
STATES = (None, PLACED, PAID, ACCEPTED, COMPLETED, CANCELLED)
TRIGGERS = (
    PLACE,
    replace(PLACE, fingerprint="f-2"),
    Paid(LATER),
    PaymentFailed(),
    OrderAccepted(),
    OrderPickedUp(),
    DeliveryConfirmed(),
)


def test_every_status_and_trigger_has_a_row_and_every_status_is_reached() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))


def test_everything_that_can_be_said_is_said_and_has_an_event() -> None:
    assert_every_event_is_said(TRANSITIONS, Says, EVENTS)


def test_every_event_heard_has_one_reaction() -> None:
    heard = [reaction.hears.__name__ for reaction in REACTIONS]

    assert sorted(heard) == sorted(t.__name__ for t in get_args(Trigger) if t is not PlaceOrder)


def test_only_the_table_decides() -> None:
    assert_decisions_follow_the_table(TRANSITIONS, decide, STATES, TRIGGERS, NOW)


@pytest.mark.parametrize(
    ("before", "trigger", "after"),
    [
        (None, PLACE, moved((PLACED, Says.ORDER_PLACED))),
        (PLACED, Paid(LATER), moved((PAID, None))),
        (PLACED, PaymentFailed(), moved((CANCELLED, Says.ORDER_CANCELLED))),
        (PLACED, OrderAccepted(), moved((replace(PLACED, status=Status.ACCEPTED), None))),
        (PLACED, OrderPickedUp(), moved((replace(PLACED, status=Status.COMPLETED), None))),
        (PLACED, DeliveryConfirmed(), moved((replace(PLACED, status=Status.COMPLETED), None))),
        (PAID, OrderAccepted(), moved((ACCEPTED, None))),
        (PAID, OrderPickedUp(), moved((COMPLETED, None))),
        (PAID, DeliveryConfirmed(), moved((COMPLETED, None))),
        (ACCEPTED, OrderPickedUp(), moved((COMPLETED, None))),
        (ACCEPTED, DeliveryConfirmed(), moved((COMPLETED, None))),
    ],
)
def test_a_move_leaves_exactly_this_state(
    before: Order | None, trigger: Trigger, after: Decision[Order]
) -> None:
    assert decide(before, trigger, NOW) == after


@pytest.mark.parametrize("order", STATES[1:])
def test_the_same_request_is_a_repetition_and_another_is_refused(order: Order) -> None:
    same = decide(order, PLACE, LATER)
    other = decide(order, replace(PLACE, fingerprint="f-2"), LATER)

    assert (same.steps, isinstance(same.stay, Refuse)) == ((), False)
    assert (other.steps, isinstance(other.stay, Refuse)) == ((), True)


prices = st.integers(1, 10**9)
quantities = st.integers(1, 10**6)
currencies = st.sampled_from(["KRW", "EUR", "USD"])


def item(quantity: int, amount: int, currency: str = "KRW") -> Item:
    return Item("latte", "Latte", quantity, Money(amount, currency))


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=20), currencies)
def test_a_total_is_exact_and_keeps_the_currency(
    lines: list[tuple[int, int]], currency: str
) -> None:
    items = tuple(item(quantity, price, currency) for quantity, price in lines)

    one_by_one = 0
    for quantity, price in lines:
        for digit, char in enumerate(reversed(str(quantity))):
            one_by_one += int(char) * price * 10**digit

    assert total_of(items) == Money(one_by_one, currency)


@pytest.mark.parametrize("items", [(), (item(1, 1), item(1, 1, "EUR"))])
def test_a_total_of_nothing_or_of_two_currencies_is_an_error(items: tuple[Item, ...]) -> None:
    with pytest.raises(ValueError, match="one currency needed"):
        total_of(items)
