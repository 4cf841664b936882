"""mypage-svc in virtual time, alone with the people who follow it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from kit.tests.virtual_time import VirtualTimeLoop, run
from mypage_svc.model import Fact
from mypage_svc.use_cases import MyPages
from tests.memory.cafe import MemoryCafe, token
from tests.memory.stories import START
from tests.reader import Reader
from tests.simulation.virtual_clock import LoopClock

MOMENT_S: Final = 0.05
ANA = token("ana", "customer")
BEN = token("ben", "barista", cafe_id="gangnam")
RIO = token("rio", "rider")
OLGA = token("olga", "operator")


@dataclass
class Scene:
    """mypage-svc, alone with the people who follow it."""

    cafe: MemoryCafe

    @property
    def service(self) -> MyPages:
        return self.cafe.nodes["mypage-svc"].app.state.service

    async def say(self, *facts: Fact) -> None:
        """Have facts come in now, one after the other; return when everybody has seen them."""
        for fact in facts:
            await self.service.projector.project(replace(fact, at=self.cafe.clock.now))
            await self.see()

    async def see(self) -> None:
        """Let everything be told and sent."""
        for _ in range(3):
            await asyncio.sleep(MOMENT_S)
            await self.cafe.settle()

    async def follow(self, target: str, bearer: str, last_id: object = None) -> Reader:
        """Have somebody follow a stream, and wait until it has begun."""
        headers = {"authorization": f"Bearer {bearer}"}
        headers |= {"last-event-id": str(last_id)} if last_id is not None else {}
        reader = Reader(self.cafe.nodes["mypage-svc"].app, target, headers)
        await self.see()
        return reader

    async def get(self, target: str, bearer: str) -> Any:
        return (await self.cafe.caller(bearer).get(target)).body


Told = Callable[[Scene], Awaitable[None]]


def in_scene(**settings: str) -> Callable[[Told], Callable[[], None]]:
    """Run a test in virtual time, on a service of its own."""

    def decorated(told: Told) -> Callable[[], None]:
        async def checked() -> None:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualTimeLoop)
            loop.heed_threads()
            async with MemoryCafe(clock=LoopClock(START), settings=settings) as cafe:
                for app_id in ("order-svc", "payment-svc", "cafe-svc"):
                    await cafe.nodes[app_id].stop()
                scene = Scene(cafe)
                await told(scene)
                cafe.nodes["mypage-svc"].app.state.streams.close()
                await scene.see()
                assert scene.service.live.followed == frozenset()

        def test() -> None:
            run(checked())

        test.__name__, test.__doc__ = told.__name__, told.__doc__
        return test

    return decorated


def shown(reader: Reader) -> list[tuple[Any, ...]]:
    """Return the frames in short: of pages the order, its status and its place in the queue."""
    short: list[tuple[Any, ...]] = []
    for event, data, _ in reader.frames:
        if event == "snapshot":
            short.append((event, *(item["order_id"] for item in data["items"])))
        elif event == "page":
            short.append((event, data["order_id"], data["order_status"], data["queue_position"]))
        else:
            short.append((event, data["order_id"]))
    return short
