"""One short function per command and reaction of order-svc."""

import uuid
from dataclasses import dataclass
from typing import Final

from cafe_kit.events import Cause, Received
from cafe_kit.outcomes import Outcome
from cafe_kit.problems import Refused, TemporarilyAway, Unprocessable
from cafe_kit.repository import Repository, Snapshot, Updated, Verdict, outcome_of
from order_svc import inbound
from order_svc.domain import (
    DeliveryConfirmed,
    Fulfilment,
    Item,
    Order,
    OrderAccepted,
    OrderPickedUp,
    Paid,
    PaymentFailed,
    PlaceOrder,
    Trigger,
)
from order_svc.ports import CafeMenu, Menu, MenuAway

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "cafe.example/orders")


@dataclass(frozen=True, slots=True)
class Orders:
    """What the use cases work with."""

    repository: Repository[Order]
    menu: Menu


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

    Raises `Refused` (unknown item, sold out, closed), `Unprocessable` (the key was used with
    another body), `TemporarilyAway` (no menu to be had) or `SidecarError`.
    """
    try:
        items = _price(wish, await orders.menu.of(wish.cafe_id))
    except (Refused, MenuAway) as problem:
        return await _replay_or_raise(orders, wish, problem)
    trigger = _trigger(wish, items)
    cause = Cause(f"place:{wish.fingerprint}")
    updated = await orders.repository.update(wish.order_id, trigger, cause, expect_new=True)
    return _placed(updated)


async def get_order(orders: Orders, order_id: str) -> Snapshot[Order] | None:
    """Read the write model."""
    return await orders.repository.get(order_id)


async def paid(orders: Orders, event: Received[inbound.Paid], cause: Cause) -> Outcome:
    """The money is there."""
    return await _apply(orders, event.data.order_id, Paid(event.data.occurred_at), cause)


async def payment_failed(
    orders: Orders, event: Received[inbound.PaymentFailed], cause: Cause
) -> Outcome:
    """The order ends here: nothing was charged, nothing was made."""
    return await _apply(orders, event.data.order_id, PaymentFailed(), cause)


async def accepted(orders: Orders, event: Received[inbound.OrderAccepted], cause: Cause) -> Outcome:
    """The cafe makes it; this may overtake Paid."""
    return await _apply(orders, event.data.order_id, OrderAccepted(), cause)


async def picked_up(
    orders: Orders, event: Received[inbound.OrderPickedUp], cause: Cause
) -> Outcome:
    """The happy end at the counter."""
    return await _apply(orders, event.data.order_id, OrderPickedUp(), cause)


async def delivered(
    orders: Orders, event: Received[inbound.DeliveryConfirmed], cause: Cause
) -> Outcome:
    """The happy end at the door."""
    return await _apply(orders, event.data.order_id, DeliveryConfirmed(), cause)


async def _apply(orders: Orders, order_id: str, trigger: Trigger, cause: Cause) -> Outcome:
    return outcome_of(await orders.repository.update(order_id, trigger, cause))


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
