"""The saga's deadlines: what is due for an order, and when to look again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from order_svc.model import TERMINAL, Order, Status


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each answer may take; half-way the last event is said again first."""

    payment: timedelta
    accept: timedelta
    cancel_answer: timedelta
    alert_after: timedelta
    look_again: timedelta


class Due(StrEnum):
    """What a look at an order comes to."""

    NOTHING = "nothing"
    SAY_AGAIN = "say_again"
    ALERT = "alert"
    PAYMENT = "payment"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Look:
    """What is due now, and the time of the next look (None: never again)."""

    due: Due
    next_at: datetime | None


def first_look(placed_at: datetime, deadlines: Deadlines) -> datetime:
    """Return when a new order is looked at first: in time for whichever answer it has then."""
    return placed_at + min(deadlines.payment, deadlines.accept) / 2


def look(order: Order, due: datetime, now: datetime, deadlines: Deadlines) -> Look:
    """Say what is due at a look that was meant for `due`; looking twice gives the same.

    A look that was meant for half-way and comes after the deadline only says the last event again:
    whatever kept it from coming may have kept the answer, too.
    """
    if order.status in TERMINAL:
        return Look(Due.NOTHING, None)
    match order.status:
        case Status.PLACED:
            return _waiting(Due.PAYMENT, order.placed_at, deadlines.payment, due, now)
        case Status.PAID:
            # By payment-svc's clock, which may be off.
            since = min(max(order.paid_at or order.placed_at, order.placed_at), now)
            return _waiting(Due.ACCEPT, since, deadlines.accept, due, now)
        case Status.CANCELLING:
            return _chasing(order.cancelling_since or order.placed_at, now, deadlines)
        case _:
            if now - order.placed_at < deadlines.look_again:
                return Look(Due.NOTHING, order.placed_at + deadlines.look_again)
            return Look(Due.SAY_AGAIN, now + deadlines.look_again)


def _waiting(harsher: Due, since: datetime, limit: timedelta, due: datetime, now: datetime) -> Look:
    if due - since >= limit:
        return Look(harsher, now)
    if now - since >= limit / 2:
        return Look(Due.SAY_AGAIN, max(since + limit, now + limit / 2))
    return Look(Due.NOTHING, since + limit / 2)


def _chasing(since: datetime, now: datetime, deadlines: Deadlines) -> Look:
    """Ask again for the answer to a cancellation, each time after twice as long.

    Whoever hears the request again says its answer again. At a fixed pace, answers that take
    longer than that would make ever more of them.
    """
    waited = now - since
    if waited < deadlines.cancel_answer:
        return Look(Due.NOTHING, since + deadlines.cancel_answer)
    if waited < deadlines.alert_after:
        return Look(Due.SAY_AGAIN, min(now + waited, since + deadlines.alert_after))
    return Look(Due.ALERT, now + min(waited, deadlines.look_again))
