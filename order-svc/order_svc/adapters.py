"""order-svc's ports through the sidecar."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from cafe_kit.clock import Clock
from cafe_kit.logs import get_logger
from cafe_kit.sidecar import Sidecar, SidecarError
from order_svc.model import Money
from order_svc.ports import CafeMenu, MenuAway, MenuItem

FRESH_FOR: Final = timedelta(seconds=5)
USABLE_FOR: Final = timedelta(minutes=10)
PATIENCE_S: Final = 0.02
"""Twice what a menu takes when all is well: nobody waits longer who can have the last one."""

_MAX_CAFES: Final = 256
_OK: Final = 200
_log = get_logger()


class _Item(BaseModel):
    menu_id: str
    name: str
    price: Money
    sold_out: bool


class _Body(BaseModel):
    open: bool | None
    items: list[_Item]


@dataclass(frozen=True, slots=True)
class _Cached:
    menu: CafeMenu
    at: datetime


class SidecarMenu:
    """Asks cafe-svc by service invocation; concurrent callers of one cafe share one question.

    The path is fixed: Dapr keeps a breaker per path, and a cafe id in it would make one per cafe.
    """

    def __init__(self, sidecar: Sidecar, clock: Clock) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._cache: OrderedDict[str, _Cached] = OrderedDict()
        self._asking: dict[str, asyncio.Task[CafeMenu | None]] = {}

    async def of(self, cafe_id: str) -> CafeMenu:
        cached = self._cache.get(cafe_id)
        age = self._clock() - cached.at if cached else USABLE_FOR
        if cached is not None and age < FRESH_FOR:
            return cached.menu
        usable = cached is not None and age < USABLE_FOR
        question = self._asked(cafe_id)
        await asyncio.wait([question], timeout=PATIENCE_S if usable else None)
        if question.done() and (menu := question.result()) is not None:
            return menu
        if cached is not None and usable:
            return cached.menu
        raise MenuAway(cafe_id)

    def _asked(self, cafe_id: str) -> asyncio.Task[CafeMenu | None]:
        """Return the question that is under way; it goes on when nobody waits for it any more."""
        task = self._asking.get(cafe_id)
        if task is None:
            task = asyncio.create_task(self._ask(cafe_id))
            self._asking[cafe_id] = task
            task.add_done_callback(lambda _: self._asking.pop(cafe_id, None))
        return task

    async def _ask(self, cafe_id: str) -> CafeMenu | None:
        try:
            menu = await self._read(cafe_id)
        except (SidecarError, ValueError) as error:
            _log.warning("menu not refreshed", cafe_id=cafe_id, error=str(error))
            return None
        self._cache[cafe_id] = _Cached(menu, self._clock())
        self._cache.move_to_end(cafe_id)
        while len(self._cache) > _MAX_CAFES:
            self._cache.popitem(last=False)
        return menu

    async def _read(self, cafe_id: str) -> CafeMenu:
        reply = await self._sidecar.invoke("cafe-svc", f"/menus?cafe_id={cafe_id}")
        if reply.status != _OK:
            raise ValueError(f"cafe-svc answered {reply.status} for its menu")
        body = _Body.model_validate_json(reply.body)
        items = {i.menu_id: MenuItem(i.menu_id, i.name, i.price, i.sold_out) for i in body.items}
        return CafeMenu(body.open, items)
