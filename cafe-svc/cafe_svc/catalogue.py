"""The Cafe and its menu: what can be ordered. Pure; seeded once from seed.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from typing import Final, assert_never

from cafe_kit.transitions import Decision, Ignore, Move, Refuse, Row, When, settle


class Status(StrEnum):
    """An OPEN cafe takes orders, a CLOSED one does not."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


MENU_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units and its ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A drink at today's price."""

    menu_id: str
    name: str
    price: Money
    sold_out: bool = False


@dataclass(frozen=True, slots=True)
class Cafe:
    """The state of one cafe."""

    cafe_id: str
    name: str
    status: Status
    accepts_automatically: bool
    items: tuple[MenuItem, ...]


@dataclass(frozen=True, slots=True)
class FoundCafe:
    """A cafe of the seed file comes into being, once."""

    cafe: Cafe


@dataclass(frozen=True, slots=True)
class SetMenuItem:
    """A drink is put on the menu, or its name or price changes."""

    menu_id: str
    name: str
    price: Money


@dataclass(frozen=True, slots=True)
class MarkSoldOut:
    """A drink cannot be had for now."""

    menu_id: str


@dataclass(frozen=True, slots=True)
class Restock:
    """A drink can be had again."""

    menu_id: str


@dataclass(frozen=True, slots=True)
class OpenCafe:
    """The cafe takes orders."""


@dataclass(frozen=True, slots=True)
class CloseCafe:
    """The cafe takes no orders; what is queued goes on."""


Trigger = FoundCafe | SetMenuItem | MarkSoldOut | Restock | OpenCafe | CloseCafe


def _unlisted(cafe: Cafe, trigger: MarkSoldOut | Restock) -> bool:
    return all(item.menu_id != trigger.menu_id for item in cafe.items)


def _full(cafe: Cafe, trigger: SetMenuItem) -> bool:
    return len(cafe.items) >= MENU_LIMIT and _unlisted(cafe, MarkSoldOut(trigger.menu_id))


_SEEDED: Final = Ignore("the seed is inserted once; what people changed since stays")
_ALREADY: Final = Ignore("it is so already")
_NONE: Final = Refuse("there is no such cafe")
_UNLISTED: Final = Refuse("there is no such drink on the menu")
_FULL: Final = Refuse("the menu is full")


def _listed(to: Status) -> Row:
    return When(_unlisted, _UNLISTED, Move(to))


TRANSITIONS: Final[Mapping[tuple[Status | None, type[Trigger]], Row]] = {
    (None, FoundCafe): Move(Status.OPEN),
    (None, SetMenuItem): _NONE,
    (None, MarkSoldOut): _NONE,
    (None, Restock): _NONE,
    (None, OpenCafe): _NONE,
    (None, CloseCafe): _NONE,
    (Status.OPEN, FoundCafe): _SEEDED,
    (Status.OPEN, SetMenuItem): When(_full, _FULL, Move(Status.OPEN)),
    (Status.OPEN, MarkSoldOut): _listed(Status.OPEN),
    (Status.OPEN, Restock): _listed(Status.OPEN),
    (Status.OPEN, OpenCafe): _ALREADY,
    (Status.OPEN, CloseCafe): Move(Status.CLOSED),
    (Status.CLOSED, FoundCafe): _SEEDED,
    (Status.CLOSED, SetMenuItem): When(_full, _FULL, Move(Status.CLOSED)),
    (Status.CLOSED, MarkSoldOut): _listed(Status.CLOSED),
    (Status.CLOSED, Restock): _listed(Status.CLOSED),
    (Status.CLOSED, OpenCafe): Move(Status.OPEN),
    (Status.CLOSED, CloseCafe): _ALREADY,
}


def decide(cafe: Cafe | None, trigger: Trigger, _: datetime) -> Decision[Cafe]:
    """Look the pair up and build the state after it. Never raises for a listed pair."""
    row = TRANSITIONS[(cafe.status if cafe else None, type(trigger))]
    return settle(row, cafe, lambda state, to: _evolve(state, trigger, Status(to)), trigger)


def _evolve(cafe: Cafe | None, trigger: Trigger, to: Status) -> Cafe:
    if isinstance(trigger, FoundCafe):
        return trigger.cafe
    assert cafe is not None  # noqa: S101 - only FoundCafe moves from no document
    match trigger:
        case SetMenuItem(menu_id=menu_id, name=name, price=price):
            return replace(cafe, status=to, items=_with(cafe, MenuItem(menu_id, name, price)))
        case MarkSoldOut(menu_id=menu_id):
            return replace(cafe, status=to, items=_with_stock(cafe, menu_id, sold_out=True))
        case Restock(menu_id=menu_id):
            return replace(cafe, status=to, items=_with_stock(cafe, menu_id, sold_out=False))
        case OpenCafe() | CloseCafe():
            return replace(cafe, status=to)
        case _:
            assert_never(trigger)


def _with(cafe: Cafe, new: MenuItem) -> tuple[MenuItem, ...]:
    """A drink that is on the menu keeps its place."""
    if any(item.menu_id == new.menu_id for item in cafe.items):
        return tuple(new if item.menu_id == new.menu_id else item for item in cafe.items)
    return (*cafe.items, new)


def _with_stock(cafe: Cafe, menu_id: str, *, sold_out: bool) -> tuple[MenuItem, ...]:
    return tuple(
        replace(item, sold_out=sold_out) if item.menu_id == menu_id else item for item in cafe.items
    )


def seed() -> tuple[Cafe, ...]:
    """Read the cafes a new system begins with. Raises `KeyError` for a malformed file."""
    text = files("cafe_svc").joinpath("seed.toml").read_text(encoding="utf-8")
    return tuple(
        Cafe(
            cafe_id=cafe_id,
            name=entry["name"],
            status=Status.OPEN,
            accepts_automatically=entry["accepts_automatically"],
            items=tuple(
                MenuItem(menu_id, drink["name"], Money(drink["price"], "KRW"))
                for menu_id, drink in entry["menu"].items()
            ),
        )
        for cafe_id, entry in tomllib.loads(text).items()
    )
