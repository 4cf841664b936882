"""The CafeOrder's table: every pair has a row, every move leaves exactly the state it should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from cafe_kit.transitions import Decision, Refuse
from cafe_svc.domain import (
    TRANSITIONS,
    Accept,
    AddCafeOrder,
    CafeOrder,
    ConfirmDelivery,
    FinishMaking,
    Fulfilment,
    HandOver,
    Item,
    Method,
    Says,
    StartDelivery,
    StartMaking,
    Status,
    Trigger,
    decide,
)
from cafe_svc.events import EVENTS
from cafe_svc.saga import REACTIONS
from tests.memory.tables import (
    assert_complete,
    assert_decisions_follow_the_table,
    assert_every_event_is_said,
    moved,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
READY_AT = NOW + timedelta(minutes=10)
LATER = NOW + timedelta(minutes=20)
ITEMS = (Item("latte", "Latte", 2),)
PICKUP = Fulfilment(Method.PICKUP)
DELIVERY = Fulfilment(Method.DELIVERY, "1 Teheran-ro")
ADD = AddCafeOrder(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    items=ITEMS,
    fulfilment=PICKUP,
    note="no ice",
    accepts_automatically=False,
    ready_at=READY_AT,
)
QUEUED = CafeOrder(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    status=Status.QUEUED,
    items=ITEMS,
    fulfilment=PICKUP,
    note="no ice",
    queued_at=NOW,
    ready_at=READY_AT,
)
ACCEPTED = replace(QUEUED, status=Status.ACCEPTED)
MAKING = replace(ACCEPTED, status=Status.MAKING, barista="bo")
READY = replace(MAKING, status=Status.READY, barista="bea")
TO_DELIVER = replace(READY, fulfilment=DELIVERY)
DELIVERING = replace(TO_DELIVER, status=Status.DELIVERING, rider="rita")
DELIVERED = replace(DELIVERING, status=Status.DELIVERED)
PICKED_UP = replace(READY, status=Status.PICKED_UP)
BY_STATUS = (QUEUED, ACCEPTED, MAKING, READY, DELIVERING, PICKED_UP, DELIVERED)
STATES = (None, *(replace(s, fulfilment=f) for s in BY_STATUS for f in (PICKUP, DELIVERY)))
TRIGGERS = (
    ADD,
    replace(ADD, accepts_automatically=True),
    Accept(LATER),
    StartMaking("bo"),
    FinishMaking("bea"),
    HandOver(),
    StartDelivery("rita"),
    ConfirmDelivery("rita"),
)


def test_every_status_and_trigger_has_a_row_and_every_status_is_reached() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))


def test_everything_that_can_be_said_is_said_and_has_an_event() -> None:
    assert_every_event_is_said(TRANSITIONS, Says, EVENTS)


def test_the_cafe_hears_of_an_order_when_it_is_paid() -> None:
    assert [reaction.hears.TOPIC for reaction in REACTIONS] == ["cafe.Paid.v1"]


def test_only_the_table_decides() -> None:
    assert_decisions_follow_the_table(TRANSITIONS, decide, STATES, TRIGGERS, NOW)


@pytest.mark.parametrize(
    ("before", "trigger", "after"),
    [
        (None, ADD, moved((QUEUED, Says.ORDER_QUEUED))),
        (
            None,
            replace(ADD, accepts_automatically=True),
            moved((QUEUED, Says.ORDER_QUEUED), (ACCEPTED, Says.ORDER_ACCEPTED)),
        ),
        (QUEUED, Accept(LATER), moved((replace(ACCEPTED, ready_at=LATER), Says.ORDER_ACCEPTED))),
        (ACCEPTED, StartMaking("bo"), moved((MAKING, Says.MAKE_STARTED))),
        (MAKING, FinishMaking("bea"), moved((READY, Says.MAKE_COMPLETED))),
        (READY, HandOver(), moved((PICKED_UP, Says.ORDER_PICKED_UP))),
        (TO_DELIVER, StartDelivery("rita"), moved((DELIVERING, Says.DELIVERY_STARTED))),
        (DELIVERING, ConfirmDelivery("rita"), moved((DELIVERED, Says.DELIVERY_CONFIRMED))),
    ],
)
def test_a_move_leaves_exactly_this_state(
    before: CafeOrder | None, trigger: Trigger, after: Decision[CafeOrder]
) -> None:
    assert decide(before, trigger, NOW) == after


@pytest.mark.parametrize(
    ("order", "trigger", "why"),
    [
        (QUEUED, HandOver(), "a step before this one is missing"),
        (replace(QUEUED, fulfilment=DELIVERY), HandOver(), "this order is delivered"),
        (READY, StartDelivery("rita"), "this order is picked up at the counter"),
        (READY, ConfirmDelivery("rita"), "this order is picked up at the counter"),
        (TO_DELIVER, HandOver(), "this order is delivered"),
        (TO_DELIVER, ConfirmDelivery("rita"), "a step before this one is missing"),
    ],
)
def test_a_refusal_names_the_reason_a_person_can_act_on(
    order: CafeOrder, trigger: Trigger, why: str
) -> None:
    assert decide(order, trigger, NOW) == Decision(stay=Refuse(why))
