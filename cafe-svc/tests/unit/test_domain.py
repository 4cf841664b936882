"""The CafeOrder's table: what each trigger makes of each state, the whole of it compared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from cafe_kit.transitions import Decision, Ignore, Refuse
from cafe_svc.domain import TRANSITIONS, decide
from cafe_svc.events import EVENTS
from cafe_svc.model import (
    Accept,
    AddCafeOrder,
    CafeOrder,
    ConfirmDelivery,
    FinishMaking,
    Fulfilment,
    HandOver,
    Item,
    MarkUncollected,
    Method,
    OrderCancelRequested,
    Reject,
    RejectReason,
    Says,
    Stage,
    StartDelivery,
    StartMaking,
    Status,
    Trigger,
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

QUEUED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW, FINISHED_AT, PROMISED, LATER = (QUEUED_AT + timedelta(minutes=n) for n in (1, 2, 10, 20))
PICKUP, DELIVERY = Fulfilment(Method.PICKUP), Fulfilment(Method.DELIVERY, "1 Teheran-ro")
ADD = AddCafeOrder(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    items=(Item("latte", "Latte", 2),),
    fulfilment=PICKUP,
    note="no ice",
    cafe_is_open=True,
    accepts_automatically=False,
    ready_at=PROMISED,
)
QUEUED = CafeOrder(
    order_id="o-1",
    customer_id="ana",
    cafe_id="gangnam",
    status=Status.QUEUED,
    items=(Item("latte", "Latte", 2),),
    fulfilment=PICKUP,
    note="no ice",
    queued_at=QUEUED_AT,
    ready_at=PROMISED,
)
ACCEPTED = replace(QUEUED, status=Status.ACCEPTED)
MAKING = replace(ACCEPTED, status=Status.MAKING, barista="bo")
READY = replace(MAKING, status=Status.READY, barista="bea", collect_from=FINISHED_AT)
TO_DOOR = replace(READY, fulfilment=DELIVERY)
ON_WAY = replace(TO_DOOR, status=Status.DELIVERING, rider="rita")
TOMBSTONE = CafeOrder("o-1", "ana", "gangnam", Status.CANCELLED, stage=Stage.BEFORE_PAYMENT)
STATES: Final[dict[str, CafeOrder | None]] = {
    "none": None,
    "QUE": QUEUED,
    "ACC": ACCEPTED,
    "MAK": MAKING,
    "RDY": READY,
    "que": replace(QUEUED, fulfilment=DELIVERY),
    "acc": replace(ACCEPTED, fulfilment=DELIVERY),
    "mak": replace(MAKING, fulfilment=DELIVERY),
    "rdy": TO_DOOR,
    "way": ON_WAY,
    "got": replace(READY, status=Status.PICKED_UP),
    "home": replace(ON_WAY, status=Status.DELIVERED),
    "rej": replace(QUEUED, status=Status.REJECTED, reason=RejectReason.SOLD_OUT),
    "tomb": TOMBSTONE,
    "left": replace(READY, status=Status.UNCOLLECTED),
}
TRIGGERS: Final[dict[str, Trigger]] = {
    "Add": ADD,
    "AddAuto": replace(ADD, accepts_automatically=True),
    "AddClosed": replace(ADD, cafe_is_open=False, accepts_automatically=True),
    "Accept": Accept(LATER),
    "Reject": Reject(RejectReason.TOO_BUSY, "ten before you"),
    "Cancel": OrderCancelRequested("o-1", "ana", "gangnam"),
    "Start": StartMaking("bart"),
    "Finish": FinishMaking("bella"),
    "HandOver": HandOver(),
    "Deliver": StartDelivery("rita"),
    "Confirm": ConfirmDelivery("rita"),
    "OtherTakes": StartDelivery("rob"),
    "OtherBrings": ConfirmDelivery("rob"),
    "Left": MarkUncollected(),
}
# Columns in capital letters are picked up at the counter, the others go to the door.
GRID = read_grid("""
          none QUE  ACC  MAK  RDY  que  acc  mak  rdy  way  got  home rej  tomb left
Add       >    seen seen seen seen seen seen seen seen seen seen seen seen tomb seen
AddAuto   >    seen seen seen seen seen seen seen seen seen seen seen seen tomb seen
AddClosed >    seen seen seen seen seen seen seen seen seen seen seen seen tomb seen
Accept    none >    done done done >    done done done done done done off  off  done
Reject    none >    >    late late >    >    late late late late late done off  late
Cancel    >    >    >    >    >    >    >    >    >    >    said said said seen said
Start     none soon >    done done soon >    done done done done done off  off  done
Finish    none soon soon >    done soon soon >    done done done done off  off  done
HandOver  none soon soon soon >    door door door door door done door off  off  late
Deliver   none shop shop shop shop soon soon soon >    done shop done off  off  late
Confirm   none shop shop shop shop soon soon soon soon >    shop done off  off  late
OtherTakes none shop shop shop shop soon soon soon >    hers shop hers off  off  late
OtherBrings none shop shop shop shop soon soon soon soon hers shop hers off  off  late
Left      none soon soon soon >    soon soon soon >    gone late late off  off  done
""")  # fmt: skip
STAYS: Final = {
    "seen": Ignore("seen before"),
    "done": Ignore("this has taken effect before"),
    "said": Ignore("the end has been said; the other side will hear it"),
    "tomb": Ignore("cancelled before it was paid; payment-svc hears that too"),
    "none": Refuse("no paid order has arrived under this id"),
    "soon": Refuse("a step before this one is missing"),
    "late": Refuse("it is too late for this step"),
    "off": Refuse("the order is off"),
    "shop": Refuse("this order is picked up at the counter"),
    "door": Refuse("this order is delivered"),
    "gone": Refuse("a rider has the drinks"),
    "hers": Refuse("another rider has taken it"),
}


def to(name: str, status: Status, says: Says, **changes: Any) -> Decision[CafeOrder]:
    order = STATES[name]
    assert order is not None
    return moved((replace(order, status=status, **changes), says))


ARRIVED = replace(QUEUED, queued_at=NOW)
SHUT = replace(ARRIVED, status=Status.REJECTED, reason=RejectReason.CLOSED)
BUSY: Final[dict[str, Any]] = {"reason": RejectReason.TOO_BUSY, "detail": "ten before you"}
MADE: Final[dict[str, Any]] = {"barista": "bella", "collect_from": NOW}


def both(que: str, acc: str, mak: str, rdy: str) -> dict[tuple[str, str], Decision[CafeOrder]]:
    """Return what happens alike to an order for the counter and to one for the door."""
    off, gone = Says.CAFE_ORDER_CANCELLED, Says.ORDER_REJECTED
    return {
        (que, "Accept"): to(que, Status.ACCEPTED, Says.ORDER_ACCEPTED, ready_at=LATER),
        (que, "Reject"): to(que, Status.REJECTED, gone, **BUSY),
        (acc, "Reject"): to(acc, Status.REJECTED, gone, **BUSY),
        (que, "Cancel"): to(que, Status.CANCELLED, off, stage=Stage.QUEUED),
        (acc, "Cancel"): to(acc, Status.CANCELLED, off, stage=Stage.ACCEPTED),
        (mak, "Cancel"): to(mak, Status.MAKING, Says.ORDER_CANCEL_REFUSED),
        (rdy, "Cancel"): to(rdy, Status.READY, Says.ORDER_CANCEL_REFUSED),
        (acc, "Start"): to(acc, Status.MAKING, Says.MAKE_STARTED, barista="bart"),
        (mak, "Finish"): to(mak, Status.READY, Says.MAKE_COMPLETED, **MADE),
        (rdy, "Left"): to(rdy, Status.UNCOLLECTED, Says.ORDER_UNCOLLECTED),
    }


MOVES: Final[dict[tuple[str, str], Decision[CafeOrder]]] = {
    ("none", "Add"): moved((ARRIVED, Says.ORDER_QUEUED)),
    ("none", "AddAuto"): moved(
        (ARRIVED, Says.ORDER_QUEUED),
        (replace(ARRIVED, status=Status.ACCEPTED), Says.ORDER_ACCEPTED),
    ),
    ("none", "AddClosed"): moved((SHUT, Says.ORDER_REJECTED)),
    ("none", "Cancel"): moved((TOMBSTONE, Says.CAFE_ORDER_CANCELLED)),
    **both("QUE", "ACC", "MAK", "RDY"),
    **both("que", "acc", "mak", "rdy"),
    ("RDY", "HandOver"): to("RDY", Status.PICKED_UP, Says.ORDER_PICKED_UP),
    ("rdy", "Deliver"): to("rdy", Status.DELIVERING, Says.DELIVERY_STARTED, rider="rita"),
    ("rdy", "OtherTakes"): to("rdy", Status.DELIVERING, Says.DELIVERY_STARTED, rider="rob"),
    ("way", "Cancel"): to("way", Status.DELIVERING, Says.ORDER_CANCEL_REFUSED),
    ("way", "Confirm"): to("way", Status.DELIVERED, Says.DELIVERY_CONFIRMED),
}


def test_every_status_and_trigger_has_a_row_and_every_status_is_reached() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))


def test_every_branch_of_every_row_is_taken_by_orders_that_can_come_to_be() -> None:
    triggers = [*TRIGGERS.values(), replace(ADD, fulfilment=DELIVERY)]
    states = explored(decide, triggers, NOW, steps=6)

    assert_every_branch_is_taken(TRANSITIONS, states, triggers)


def test_every_pair_is_decided_as_written_here() -> None:
    assert_decisions(decide, GRID, STATES, TRIGGERS, STAYS, MOVES, NOW)


def test_everything_that_can_be_said_is_said_and_has_an_event() -> None:
    assert_every_event_is_said(TRANSITIONS, Says, EVENTS)


def test_a_refused_cancellation_is_answered_with_how_far_the_drinks_are() -> None:
    assert {order.cafe_status for order in (MAKING, READY, ON_WAY)} == {
        Status.MAKING,
        Status.READY,
        Status.DELIVERING,
    }
