"""Lists of orders, each in documents of bounded size. Pure.

A customer's orders only grow: the newest stand in the first document, older ones move to numbered
documents behind it. What a cafe, the riders and the operators are busy with comes and goes: it
stands on shelves, the first of which counts the others; an entry stays on its shelf.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mypage_svc.domain import is_at_rest, is_delivery, is_on_board, is_waiting
from mypage_svc.model import Fact, Row, Source

CUSTOMER_LIMIT: Final = 100
"""Orders in a customer's first document; beyond that the oldest half of so many moves behind it.

Always that many: of two writers that split at once, with other new orders, both move the same.
"""
SHELF_LIMIT: Final = 200
BOARD_LIMIT: Final = 100
"""How many orders a board shows; those after them move up."""
DELIVERY_BUCKETS: Final = 4
OPEN_BUCKETS: Final = 16
"""Lists that all orders are on are split, so that replicas rarely write the same document."""


@dataclass(frozen=True, slots=True)
class Mine:
    """One order of a customer."""

    order_id: str
    placed_at: datetime

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands; newest come first."""
        return self.placed_at, self.order_id


@dataclass(frozen=True, slots=True)
class CustomerIndex:
    """Orders of a customer, newest first; `behind` documents hold those up to `newest_behind`."""

    orders: tuple[Mine, ...] = ()
    behind: int = 0
    newest_behind: Mine | None = None

    def ends_before(self, mine: Mine) -> bool:
        """Say whether an order is so old that it belongs behind this document."""
        return self.newest_behind is not None and mine.place <= self.newest_behind.place


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of a list that orders come to and go from; `waiting` until drinks are ready."""

    order_id: str
    at: datetime
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """Entries, longest there first; the first shelf knows how many `more` there are."""

    entries: tuple[Entry, ...] = ()
    more: int = 0


def with_mine(index: CustomerIndex, mine: Iterable[Mine]) -> CustomerIndex:
    """Add orders that are not there yet."""
    orders = {each.order_id: each for each in (*index.orders, *mine)}
    newest_first = sorted(orders.values(), key=lambda each: each.place, reverse=True)
    return replace(index, orders=tuple(newest_first))


def split(index: CustomerIndex) -> tuple[CustomerIndex, tuple[Mine, ...]]:
    """Return what stays and what moves to the document `index.behind` says then, if anything."""
    if len(index.orders) <= CUSTOMER_LIMIT:
        return index, ()
    half = CUSTOMER_LIMIT // 2
    stays, moves = index.orders[:-half], index.orders[-half:]
    return CustomerIndex(stays, index.behind + 1, moves[0]), moves


def board_of(cafe_id: str) -> str:
    """Return the name of a cafe's list."""
    return f"board:{cafe_id}"


def deliveries() -> list[str]:
    """Return the names of the lists that riders read."""
    return [f"deliveries:{number}" for number in range(DELIVERY_BUCKETS)]


def open_orders() -> list[str]:
    """Return the names of the lists that hold every order that is not at rest."""
    return [f"open:{number}" for number in range(OPEN_BUCKETS)]


def lists_of(fact: Fact) -> set[str]:
    """Return the names of the lists that a fact may bring its order to, or take it from."""
    number = int(hashlib.sha256(fact.order_id.encode()).hexdigest(), 16)
    names = {f"open:{number % OPEN_BUCKETS}"}
    if fact.source is Source.CAFE_ORDER:
        names.add(board_of(fact.cafe_id))
    if fact.source is Source.CAFE_ORDER or fact.placed is not None:
        names.add(f"deliveries:{number % DELIVERY_BUCKETS}")
    return names


def entry_of(name: str, row: Row | None) -> Entry | None:
    """Return how a row stands on a list, or None when it does not."""
    if row is None:
        return None
    # A time that only facts of this list can change, or the sequence of facts would show.
    match name.partition(":")[0]:
        case "board":
            there, at = is_on_board(row), row.queued_at
        case "deliveries":
            there, at = is_delivery(row), row.placed.at if row.placed else None
        case _:
            there, at = not is_at_rest(row), row.timeline[0].at
    return Entry(row.order_id, at, is_waiting(row)) if there and at else None


def put(shelves: Sequence[Shelf], order_id: str, entry: Entry | None) -> list[Shelf]:
    """Return the shelves with this entry of an order, or without any."""
    place: int | None = None
    after: list[Shelf] = []
    for number, shelf in enumerate(shelves):
        others = tuple(each for each in shelf.entries if each.order_id != order_id)
        if place is None and len(others) < len(shelf.entries):
            place = number
        after.append(replace(shelf, entries=others))
    if entry is None:
        return after
    if place is None:
        room = (n for n, shelf in enumerate(after) if len(shelf.entries) < SHELF_LIMIT)
        place = next(room, len(after))
    if place == len(after):
        after.append(Shelf())
        after[0] = replace(after[0], more=len(after) - 1)
    entries = sorted((*after[place].entries, entry), key=_place)
    after[place] = replace(after[place], entries=tuple(entries))
    return after


def merged(shelves: Iterable[Shelf]) -> list[Entry]:
    """Return what stands on shelves, longest there first."""
    return sorted((entry for shelf in shelves for entry in shelf.entries), key=_place)


def queue_position(board: Sequence[Entry], row: Row) -> int | None:
    """Return 1 for the next order to be ready, or None when it is not waiting.

    Whether it waits its own row knows: the board may be a moment behind it, or ahead.
    """
    own = entry_of(board_of(row.cafe_id), row)
    if own is None or not own.waiting:
        return None
    ahead = board[: bisect_left(board, _place(own), key=_place)]
    return 1 + sum(entry.waiting for entry in ahead)


def _place(entry: Entry) -> tuple[datetime, str]:
    return entry.at, entry.order_id
