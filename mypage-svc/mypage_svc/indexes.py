"""The two index documents: a customer's orders, and a cafe's active orders. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mypage_svc.domain import ACTIVE, WAITING, Row

CUSTOMER_LIMIT: Final = 200
BOARD_LIMIT: Final = 100
"""How many orders a board shows; those after them move up."""


@dataclass(frozen=True, slots=True)
class Mine:
    """One order of a customer."""

    order_id: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerIndex:
    """A customer's orders, newest first, at most `CUSTOMER_LIMIT`."""

    orders: tuple[Mine, ...] = ()


@dataclass(frozen=True, slots=True)
class Active:
    """One order a cafe is busy with; `waiting` until the drinks are ready."""

    order_id: str
    queued_at: datetime
    waiting: bool


@dataclass(frozen=True, slots=True)
class BoardIndex:
    """A cafe's active orders, longest waiting first; some 100 B each, as many as it works on."""

    orders: tuple[Active, ...] = ()


def with_mine(index: CustomerIndex, row: Row) -> CustomerIndex:
    """Add the row once it is known when it was placed."""
    if row.placed is None or any(m.order_id == row.order_id for m in index.orders):
        return index
    orders = [*index.orders, Mine(row.order_id, row.placed.at)]
    orders.sort(key=lambda mine: (mine.placed_at, mine.order_id), reverse=True)
    return CustomerIndex(tuple(orders[:CUSTOMER_LIMIT]))


def with_active(index: BoardIndex, row: Row) -> BoardIndex:
    """Put the row where it belongs: on the board while the cafe is busy with it, else off it."""
    others = [active for active in index.orders if active.order_id != row.order_id]
    status = row.cafe_order.status if row.cafe_order else ""
    if status in ACTIVE and row.queued_at is not None:
        others.append(Active(row.order_id, row.queued_at, status in WAITING))
    others.sort(key=lambda active: (active.queued_at, active.order_id))
    return BoardIndex(tuple(others))


def queue_position(index: BoardIndex, order_id: str) -> int | None:
    """Return 1 for the next order to be ready, or None when it is not waiting."""
    waiting = [active.order_id for active in index.orders if active.waiting]
    return waiting.index(order_id) + 1 if order_id in waiting else None
