"""What order-svc needs from others."""

from dataclasses import dataclass
from typing import Protocol

from order_svc.model import Money


class MenuAway(Exception):
    """The menu could not be had and none is cached."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A drink one can order, at today's price."""

    menu_id: str
    name: str
    price: Money
    sold_out: bool


@dataclass(frozen=True, slots=True)
class CafeMenu:
    """A cafe's menu by menu_id. `open` is None for a cafe nobody knows."""

    open: bool | None
    items: dict[str, MenuItem]


class Menu(Protocol):
    """The menus of all cafes."""

    async def of(self, cafe_id: str) -> CafeMenu:
        """Return the menu, at most 5 s old, or 10 min while cafe-svc is away or slow.

        Raises `MenuAway`.
        """
        ...
