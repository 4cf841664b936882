"""When an order is looked at, and what is due then: late, twice and after a restart alike."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_svc.deadlines import Deadlines, Due, Look, first_look, look
from order_svc.model import TERMINAL, Fulfilment, Method, Money, Order, Status

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


DEADLINES = Deadlines(
    payment=timedelta(seconds=60),
    accept=timedelta(seconds=300),
    cancel_answer=timedelta(seconds=10),
    alert_after=timedelta(seconds=60),
    look_again=timedelta(seconds=600),
)
PLACED = Order(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    status=Status.PLACED,
    items=(),
    total=Money(10_000, "KRW"),
    payment_method="tok_ok",
    fulfilment=Fulfilment(Method.PICKUP),
    note=None,
    fingerprint="f-1",
    placed_at=START,
)
PAID = replace(PLACED, status=Status.PAID, paid_at=at(1000))
UNDATED = replace(PLACED, status=Status.PAID)
ACCEPTED = replace(PAID, status=Status.ACCEPTED)
CANCELLING = replace(PAID, status=Status.CANCELLING, cancelling_since=at(2000))
OLD_CANCELLING = replace(PLACED, status=Status.CANCELLING)


def test_a_new_order_is_looked_at_half_way_to_its_payments_deadline() -> None:
    assert first_look(START, DEADLINES) == at(30)


@pytest.mark.parametrize(
    ("order", "seconds", "due", "next_s"),
    [
        (PLACED, 0, Due.NOTHING, 30),
        (PLACED, 29.9, Due.NOTHING, 30),
        (PLACED, 30, Due.SAY_AGAIN, 60),
        (PLACED, 59.9, Due.SAY_AGAIN, 89.9),
        (PLACED, 60, Due.PAYMENT, 60),
        (PLACED, 9999, Due.PAYMENT, 9999),
        (PAID, 1000, Due.NOTHING, 1150),
        (PAID, 1149.9, Due.NOTHING, 1150),
        (PAID, 1150, Due.SAY_AGAIN, 1300),
        (PAID, 1300, Due.ACCEPT, 1300),
        (UNDATED, 149.9, Due.NOTHING, 150),
        (UNDATED, 150, Due.SAY_AGAIN, 300),
        (UNDATED, 300, Due.ACCEPT, 300),
        (ACCEPTED, 1, Due.NOTHING, 600),
        (ACCEPTED, 599.9, Due.NOTHING, 600),
        (ACCEPTED, 600, Due.SAY_AGAIN, 1200),
        (ACCEPTED, 9999, Due.SAY_AGAIN, 10_599),
        (CANCELLING, 2000, Due.NOTHING, 2010),
        (CANCELLING, 2009.9, Due.NOTHING, 2010),
        (CANCELLING, 2010, Due.SAY_AGAIN, 2020),
        (CANCELLING, 2029.9, Due.SAY_AGAIN, 2059.8),
        (CANCELLING, 2059.9, Due.SAY_AGAIN, 2060),
        (CANCELLING, 2060, Due.ALERT, 2120),
        (CANCELLING, 2200, Due.ALERT, 2400),
        (CANCELLING, 9999, Due.ALERT, 10_599),
        (OLD_CANCELLING, 9.9, Due.NOTHING, 10),
        (OLD_CANCELLING, 10, Due.SAY_AGAIN, 20),
    ],
)
def test_a_look_in_time_comes_to_this(
    order: Order, seconds: float, due: Due, next_s: float
) -> None:
    assert look(order, at(seconds), at(seconds), DEADLINES) == Look(due, at(next_s))


@pytest.mark.parametrize(
    ("order", "meant_s", "seconds", "due", "next_s"),
    [
        (PLACED, 30, 61, Due.SAY_AGAIN, 91),
        (PLACED, 30, 9999, Due.SAY_AGAIN, 10_029),
        (PLACED, 59.9, 60, Due.SAY_AGAIN, 90),
        (PLACED, 60, 9999, Due.PAYMENT, 9999),
        (PAID, 1150, 5000, Due.SAY_AGAIN, 5150),
        (PAID, 1300, 5000, Due.ACCEPT, 5000),
        (PAID, 60, 5000, Due.SAY_AGAIN, 5150),
    ],
)
def test_a_look_that_comes_late_says_the_last_event_again_before_anything_harsher(
    order: Order, meant_s: float, seconds: float, due: Due, next_s: float
) -> None:
    assert look(order, at(meant_s), at(seconds), DEADLINES) == Look(due, at(next_s))


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_an_order_that_has_ended_is_never_looked_at_again(status: Status) -> None:
    order = replace(CANCELLING, status=status)

    assert look(order, at(9999), at(9999), DEADLINES) == Look(Due.NOTHING, None)


def test_four_statuses_end_an_order() -> None:
    going_on = {Status.PLACED, Status.PAID, Status.ACCEPTED, Status.CANCELLING}

    assert set(Status) - going_on == TERMINAL


@given(st.lists(st.floats(0, 500), max_size=5), st.sampled_from([PLACED, PAID]))
def test_a_watch_that_keeps_its_times_cancels_once_and_only_after_saying_it_again(
    delays: Sequence[float], order: Order
) -> None:
    since, limit = (START, DEADLINES.payment) if order is PLACED else (at(1000), DEADLINES.accept)
    due_at, seen = since + limit / 2, list[Due]()

    for delay in [*delays, 0, 0, 0]:
        now = due_at + timedelta(seconds=delay)
        found = look(order, due_at, now, DEADLINES)
        seen.append(found.due)
        if found.due in (Due.PAYMENT, Due.ACCEPT):
            break
        assert found.next_at is not None
        assert found.next_at > now
        due_at = found.next_at

    assert seen == [Due.SAY_AGAIN, Due.PAYMENT if order is PLACED else Due.ACCEPT]
    assert due_at >= since + limit
