"""The Cafe and its menu: what can be ordered. Pure; seeded once from seed.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from typing import Final

from cafe_kit.transitions import Decision, Ignore, Move, Row, settle


class Status(StrEnum):
    """An OPEN cafe takes orders."""

    OPEN = "OPEN"


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


TRANSITIONS: Final[Mapping[tuple[Status | None, type[FoundCafe]], Row]] = {
    (None, FoundCafe): Move(Status.OPEN),
    (Status.OPEN, FoundCafe): Ignore("the seed is inserted once; what people changed since stays"),
}


def decide(cafe: Cafe | None, trigger: FoundCafe, _: datetime) -> Decision[Cafe]:
    """Look the pair up."""
    row = TRANSITIONS[(cafe.status if cafe else None, type(trigger))]
    return settle(row, cafe, lambda _state, _to: trigger.cafe, trigger)


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
