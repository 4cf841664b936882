"""One short function per command and reaction of order-svc."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from cafe_kit.aggregate import Snapshot, Updated, Verdict, outcome_of
from cafe_kit.clock import Clock
from cafe_kit.events import Cause, Received
from cafe_kit.logs import get_logger
from cafe_kit.outcomes import Outcome
from cafe_kit.problems import Refused, TemporarilyAway, TooMany, Unprocessable
from cafe_kit.reminders import Reminder
from cafe_kit.repository import Repository
from order_svc import inbound
from order_svc.deadlines import Deadlines, Due, first_look, look
from order_svc.model import (
    NO_DRINKS,
    TERMINAL,
    AcceptDeadline,
    CancelOrder,
    Fulfilment,
    Item,
    Order,
    Paid,
    PaymentDeadline,
    PlaceOrder,
    RequestedBy,
    Status,
    Trigger,
)
from order_svc.open_orders import OpenOrders
from order_svc.ports import CafeMenu, Menu, MenuAway

WATCH: Final = "order.watch"
_DEADLINES: Final[Mapping[Due, Callable[[], Trigger]]] = {
    Due.PAYMENT: PaymentDeadline,
    Due.ACCEPT: AcceptDeadline,
}
_log = get_logger()
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "cafe.example/orders")


@dataclass(frozen=True, slots=True)
class Orders:
    """What the use cases work with."""

    repository: Repository[Order]
    menu: Menu
    clock: Clock
    deadlines: Deadlines
    open_orders: OpenOrders
    max_items: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer asks for, before prices. `fingerprint` tells one request from another."""

    customer_id: str
    idempotency_key: str
    cafe_id: str
    lines: tuple[tuple[str, int], ...]
    payment_method: str
    fulfilment: Fulfilment
    note: str | None
    fingerprint: str

    @property
    def order_id(self) -> str:
        """The id follows from customer and key, so the document is its own idempotency record."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.customer_id}\n{self.idempotency_key}"))


@dataclass(frozen=True, slots=True)
class Placed:
    """The order, and whether this very request had placed it before."""

    order: Order
    replayed: bool


async def place_order(orders: Orders, wish: Wish) -> Placed:
    """Price and place an order once per Idempotency-Key.

    Raises `Refused` (unknown item, sold out, closed), `Unprocessable` (too many lines, or the key
    was used with another body), `TooMany` (open orders), `TemporarilyAway` (no menu to be had) or
    `SidecarError`.
    """
    if len(wish.lines) > orders.max_items:
        raise Unprocessable(f"An order has at most {orders.max_items} lines.")
    try:
        items = _price(wish, await orders.menu.of(wish.cafe_id))
        await orders.open_orders.enter(wish.customer_id, wish.order_id, partial(_has_ended, orders))
    except (Refused, MenuAway, TooMany) as problem:
        return await _replay_or_raise(orders, wish, problem)
    trigger = _trigger(wish, items)
    cause = Cause(f"place:{wish.fingerprint}")
    due = first_look(orders.clock(), orders.deadlines)
    updated = await orders.repository.command(
        wish.order_id,
        trigger,
        cause,
        expect_new=True,
        watch=Reminder(kind=WATCH, id=wish.order_id, due=due),
    )
    return _placed(updated)


async def get_order(orders: Orders, order_id: str) -> Snapshot[Order] | None:
    """Read the write model."""
    return await orders.repository.get(order_id)


async def paid(orders: Orders, event: Received[inbound.Paid], cause: Cause) -> Outcome:
    """The money is there."""
    return await _apply(orders, event, Paid(event.data.occurred_at), cause)


def applying(
    trigger: Callable[[], Trigger],
) -> Callable[[Orders, Received[Any], Cause], Awaitable[Outcome]]:
    """Return the reaction to an event that tells nothing but that it happened."""

    async def react(orders: Orders, event: Received[inbound.OrderView], cause: Cause) -> Outcome:
        return await _apply(orders, event, trigger(), cause)

    return react


async def cancel(
    orders: Orders, found: Snapshot[Order], requested_by: RequestedBy
) -> Snapshot[Order]:
    """Ask for the cancellation of an order that was just read; cafe-svc decides.

    The cause names the version that was read: asking twice is one request, asking again after a
    refusal is another. Returns the order in CANCELLING or CANCELLED. Raises `Refused` with the
    present status, or `SidecarError`.
    """
    order_id, cause = found.state.order_id, Cause(f"cancel:{found.version}")
    due = orders.clock() + orders.deadlines.cancel_answer
    updated = await orders.repository.command(
        order_id,
        CancelOrder(requested_by),
        cause,
        watch=Reminder(kind=WATCH, id=order_id, due=due, cause=cause.id),
    )
    state = updated.state or found.state
    if updated.verdict is Verdict.REFUSED:
        raise Refused(f"Not now: {updated.why}.", current_status=state.status)
    return Snapshot(state, updated.version, etag="")


async def watch(orders: Orders, reminder: Reminder) -> datetime | None:
    """Look at an order when something may be due; returns when to look again."""
    order_id, now = reminder.id, orders.clock()
    found = await orders.repository.get(order_id)
    if found is None:
        return None
    if reminder.cause and found.state.status is not Status.CANCELLING:
        # A cancellation's own watch: said it must be, and the watch of the order goes on.
        await orders.repository.republish(order_id, Cause(reminder.cause))
        return None
    if not reminder.cause and _chased_by_another(found.state, now, orders.deadlines):
        return now + orders.deadlines.alert_after
    if found.state.status in NO_DRINKS:
        # Once more after the end: had an answer between the others been lost, money would be left.
        await orders.repository.republish(order_id)
    seen = look(found.state, reminder.due, now, orders.deadlines)
    if seen.due in _DEADLINES:
        cause = Cause(f"deadline:{seen.due}")
        updated = await orders.repository.update(order_id, _DEADLINES[seen.due](), cause)
        return look(updated.state, now, now, orders.deadlines).next_at if updated.state else None
    if seen.due is Due.ALERT:
        since = found.state.cancelling_since
        _log.error("cancellation unanswered", subject=order_id, since=since)
    if seen.due is not Due.NOTHING:
        await orders.repository.republish(order_id)
    return seen.next_at


def _chased_by_another(order: Order, now: datetime, deadlines: Deadlines) -> bool:
    """A cancellation that a person asked for has a watch of its own, if that could be armed."""
    asked = order.status is Status.CANCELLING and order.requested_by is not RequestedBy.DEADLINE
    return asked and now - (order.cancelling_since or now) < deadlines.alert_after


async def _apply(orders: Orders, event: Received[Any], trigger: Trigger, cause: Cause) -> Outcome:
    return outcome_of(await orders.repository.update(event.data.order_id, trigger, cause))


async def _has_ended(orders: Orders, order_id: str) -> bool:
    found = await orders.repository.get(order_id)
    return found is None or found.state.status in TERMINAL


def _price(wish: Wish, menu: CafeMenu) -> tuple[Item, ...]:
    if menu.open is None:
        raise Refused(f"There is no cafe {wish.cafe_id}.")
    if not menu.open:
        raise Refused(f"The cafe {wish.cafe_id} is closed.")
    missing = [menu_id for menu_id, _ in wish.lines if menu_id not in menu.items]
    if missing:
        raise Refused(f"Not on the menu of {wish.cafe_id}: {', '.join(missing)}.")
    gone = [menu_id for menu_id, _ in wish.lines if menu.items[menu_id].sold_out]
    if gone:
        raise Refused(f"Sold out: {', '.join(gone)}.")
    return tuple(
        Item(menu_id, menu.items[menu_id].name, quantity, menu.items[menu_id].price)
        for menu_id, quantity in wish.lines
    )


async def _replay_or_raise(orders: Orders, wish: Wish, problem: Exception) -> Placed:
    """A request that has placed its order gets its answer even where a new one would be refused."""
    if await orders.repository.get(wish.order_id) is not None:
        cause = Cause(f"place:{wish.fingerprint}")
        return _placed(await orders.repository.update(wish.order_id, _trigger(wish, ()), cause))
    if isinstance(problem, MenuAway):
        raise TemporarilyAway(f"The menu of {wish.cafe_id} cannot be read now.") from problem
    raise problem


def _trigger(wish: Wish, items: tuple[Item, ...]) -> PlaceOrder:
    return PlaceOrder(
        order_id=wish.order_id,
        customer_id=wish.customer_id,
        cafe_id=wish.cafe_id,
        items=items,
        payment_method=wish.payment_method,
        fulfilment=wish.fulfilment,
        note=wish.note,
        fingerprint=wish.fingerprint,
    )


def _placed(updated: Updated[Order]) -> Placed:
    if updated.verdict is Verdict.REFUSED or updated.state is None:
        raise Unprocessable("This Idempotency-Key was used before with another body.")
    return Placed(updated.state, replayed=updated.verdict is not Verdict.MOVED)
