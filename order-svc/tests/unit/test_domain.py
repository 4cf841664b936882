"""The Order's table: what each trigger makes of each state, the whole of it compared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from cafe_kit.transitions import Decision, Ignore, Impossible, Refuse
from order_svc.domain import TRANSITIONS, decide
from order_svc.events import EVENTS
from order_svc.model import (
    AcceptDeadline,
    CafeOrderCancelled,
    CancelOrder,
    CancelReason,
    DeliveryConfirmed,
    Fulfilment,
    Item,
    Method,
    Money,
    Order,
    OrderAccepted,
    OrderCancelRefused,
    OrderPickedUp,
    OrderRejected,
    OrderUncollected,
    Paid,
    PaymentDeadline,
    PaymentFailed,
    PlaceOrder,
    RequestedBy,
    Says,
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

PLACED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAID_AT, ASKED_AT, NOW = (PLACED_AT + timedelta(seconds=n) for n in (5, 6, 7))
ITEMS = (
    Item("latte", "Latte", 2, Money(5000, "KRW")),
    Item("americano", "Americano", 1, Money(4500, "KRW")),
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
    placed_at=PLACED_AT,
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
CUSTOMER = {"reason": CancelReason.CUSTOMER, "requested_by": RequestedBy.CUSTOMER}
PAID = replace(PLACED, status=Status.PAID, paid_at=PAID_AT)
ACCEPTED = replace(PAID, status=Status.ACCEPTED)
CANCELLING = replace(PAID, status=Status.CANCELLING, **CUSTOMER, cancelling_since=ASKED_AT)
STATES: Final[dict[str, Order | None]] = {
    "none": None,
    "PLACED": PLACED,
    "PAID": PAID,
    "ACCEPTED": ACCEPTED,
    "MADE": replace(ACCEPTED, being_made=True),
    "ASKED": CANCELLING,
    "COMPLETED": replace(PAID, status=Status.COMPLETED),
    "CANCELLED": replace(CANCELLING, status=Status.CANCELLED),
    "REJECTED": replace(PAID, status=Status.REJECTED),
    "LEFT": replace(PAID, status=Status.UNCOLLECTED),
}
PLAIN: tuple[type[Trigger], ...] = (
    PaymentFailed,
    OrderAccepted,
    OrderRejected,
    PaymentDeadline,
    AcceptDeadline,
    CafeOrderCancelled,
    OrderCancelRefused,
    OrderPickedUp,
    DeliveryConfirmed,
    OrderUncollected,
)
TRIGGERS: Final[dict[str, Trigger]] = {
    "PlaceOrder": PLACE,
    "AnotherBody": replace(PLACE, fingerprint="f-2"),
    "Paid": Paid(PAID_AT),
    "CancelOrder": CancelOrder(RequestedBy.OPERATOR),
    **{trigger.__name__: trigger() for trigger in PLAIN},
}
# ASKED: CANCELLING. MADE: ACCEPTED, and the cafe has refused to cancel. LEFT: UNCOLLECTED.
GRID = read_grid("""
                   none    PLACED  PAID    ACCEPTED MADE    ASKED  COMPLETED CANCELLED REJECTED LEFT
PlaceOrder         >       same    same    same     same    same   same      same      same     same
AnotherBody        >       used    used    used     used    used   used      used      used     used
Paid               nobody  >       seen    late     late    >      late      late      late     late
PaymentFailed      nobody  >       both    both     both    >      both      late      both     both
OrderAccepted      nobody  >       >       seen     seen    judged late      late      late     late
OrderRejected      nobody  >       >       >        >       >      ends      ends      seen     ends
CancelOrder        no_such >       >       >        made    asked  over      off       over     over
PaymentDeadline    never   >       late    late     late    asked  late      late      late     late
AcceptDeadline     never   soon    >       late     late    asked  late      late      late     late
CafeOrderCancelled nobody  unasked unasked unasked  unasked >      ends      seen      ends     ends
OrderCancelRefused nobody  unasked unasked seen     seen    >      late      ends      ends     late
OrderPickedUp      nobody  >       >       >        >       >      seen      ends      ends     ends
DeliveryConfirmed  nobody  >       >       >        >       >      seen      ends      ends     ends
OrderUncollected   nobody  >       >       >        >       >      ends      ends      ends     seen
""")  # fmt: skip
STAYS: Final = {
    "seen": Ignore("seen before"),
    "late": Ignore("a later event was faster"),
    "same": Ignore("this request has placed the order before"),
    "never": Ignore("the request that armed this reminder placed nothing"),
    "soon": Ignore("the payment's deadline comes first"),
    "asked": Ignore("the cafe has been asked already"),
    "judged": Ignore("the cafe's answer to the cancellation decides"),
    "off": Ignore("it is cancelled"),
    "made": Refuse("the cafe is making the order"),
    "no_such": Refuse("there is no such order"),
    "over": Refuse("the order has ended"),
    "used": Refuse("the Idempotency-Key was used with another body"),
    "nobody": Impossible("nobody placed this order"),
    "unasked": Impossible("nobody asked the cafe to cancel"),
    "both": Impossible("a payment ends either paid or failed, never both"),
    "ends": Impossible("the cafe ends an order once"),
}


def to(before: Order, status: Status, says: Says | None = None, **changes: Any) -> Decision[Order]:
    return moved((replace(before, status=status, **changes), says))


def asked(before: Order, reason: CancelReason, by: RequestedBy) -> Decision[Order]:
    changes = {"reason": reason, "requested_by": by, "cancelling_since": NOW}
    return to(before, Status.CANCELLING, Says.ORDER_CANCEL_REQUESTED, **changes)


FAILED = {"reason": CancelReason.PAYMENT_FAILED}
UNASKED: Final[dict[str, Any]] = {
    "reason": None,
    "requested_by": None,
    "cancelling_since": None,
    "being_made": True,
}
BEING_MADE = replace(ACCEPTED, being_made=True)
OPEN = {
    "PLACED": PLACED,
    "PAID": PAID,
    "ACCEPTED": ACCEPTED,
    "MADE": BEING_MADE,
    "ASKED": CANCELLING,
}
MOVES: Final[dict[tuple[str, str], Decision[Order]]] = {
    ("none", "PlaceOrder"): to(PLACED, Status.PLACED, Says.ORDER_PLACED, placed_at=NOW),
    ("none", "AnotherBody"): to(
        PLACED, Status.PLACED, Says.ORDER_PLACED, placed_at=NOW, fingerprint="f-2"
    ),
    ("PLACED", "Paid"): to(PLACED, Status.PAID, paid_at=PAID_AT),
    ("PLACED", "PaymentFailed"): to(PLACED, Status.CANCELLED, Says.ORDER_CANCELLED, **FAILED),
    ("PLACED", "OrderAccepted"): to(PLACED, Status.ACCEPTED),
    ("PAID", "OrderAccepted"): to(PAID, Status.ACCEPTED),
    ("PLACED", "PaymentDeadline"): asked(
        PLACED, CancelReason.PAYMENT_TIMEOUT, RequestedBy.DEADLINE
    ),
    ("PAID", "AcceptDeadline"): asked(PAID, CancelReason.ACCEPT_TIMEOUT, RequestedBy.DEADLINE),
    ("ASKED", "Paid"): to(CANCELLING, Status.CANCELLING, paid_at=PAID_AT),
    ("ASKED", "PaymentFailed"): to(CANCELLING, Status.CANCELLED, Says.ORDER_CANCELLED, **FAILED),
    ("ASKED", "CafeOrderCancelled"): to(CANCELLING, Status.CANCELLED, Says.ORDER_CANCELLED),
    ("ASKED", "OrderCancelRefused"): to(CANCELLING, Status.ACCEPTED, **UNASKED),
    **{
        (name, "CancelOrder"): asked(OPEN[name], CancelReason.CUSTOMER, RequestedBy.OPERATOR)
        for name in ("PLACED", "PAID", "ACCEPTED")
    },
    **{(name, "OrderRejected"): to(order, Status.REJECTED) for name, order in OPEN.items()},
    **{(name, "OrderPickedUp"): to(order, Status.COMPLETED) for name, order in OPEN.items()},
    **{(name, "DeliveryConfirmed"): to(order, Status.COMPLETED) for name, order in OPEN.items()},
    **{(name, "OrderUncollected"): to(order, Status.UNCOLLECTED) for name, order in OPEN.items()},
}


def test_every_status_and_trigger_has_a_row_and_every_status_is_reached() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))


def test_every_branch_of_every_row_is_taken_by_orders_that_can_come_to_be() -> None:
    triggers = list(TRIGGERS.values())
    states = explored(decide, triggers, NOW, steps=6)

    assert_every_branch_is_taken(TRANSITIONS, states, triggers)


def test_every_pair_is_decided_as_written_here() -> None:
    assert_decisions(decide, GRID, STATES, TRIGGERS, STAYS, MOVES, NOW)


def test_a_payment_that_comes_while_the_cafe_is_asked_is_remembered_and_changes_nothing_else() -> (
    None
):
    unpaid = replace(CANCELLING, paid_at=None)

    assert decide(unpaid, Paid(PAID_AT), NOW) == moved((CANCELLING, None))


def test_everything_that_can_be_said_is_said_and_has_an_event() -> None:
    assert_every_event_is_said(TRANSITIONS, Says, EVENTS)
