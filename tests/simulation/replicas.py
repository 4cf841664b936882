"""Two replicas of each service race: requests, deliveries and jobs go to either, at the same time.

Customers, baristas, riders, the broker and the scheduler are tasks of their own; every sidecar call
takes a drawn time and may fail, before or after its effect, or end its process: the other replica
goes on. Time is virtual, so one seed gives one history.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from cafe_kit.memory_sidecar import Call
from cafe_kit.sidecar import Reply
from tests.memory.node import Node
from tests.simulation.accidents import FAULTS
from tests.simulation.invariants import Invariants
from tests.simulation.people import COMMANDS
from tests.simulation.rest import come_to_rest
from tests.simulation.tally import Tally
from tests.simulation.world import CAFES, World

RACE_S: Final = 90.0
ORDERS: Final = 6
WORKERS: Final = 4
SLOWEST_S: Final = 0.03
FAULTY: Final = 0.02
"""So often a call meets a fault, before or after its effect."""

CHANCES: Final = {
    "before": ("error", "error", "error", "crash-before"),
    "after": ("done-but-timeout", "done-but-timeout", "done-but-timeout", "crash-after"),
}
DOWN_S: Final = 5.0
PAYMENTS: Final = ("tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_500_after_charge")


class Pair:
    """Two processes of one service behind one address; what is sent goes to one that runs."""

    def __init__(self, world: World, dice: random.Random, node: Node) -> None:
        self._apps = world.cafe.dapr.apps
        self._dice = dice
        self._app_id = node.app_id
        self._calls: list[tuple[Node, Call]] = [(node, self._apps[node.app_id])]
        self.twin = node.replica()

    async def start(self, node: Node) -> None:
        """Start one of them, unless it runs."""
        if not node.running:
            await node.start()
            self._calls = [(other, call) for other, call in self._calls if other is not node]
            self._calls.append((node, self._apps.get(self._app_id, _nobody)))
            self._apps[self._app_id] = self

    async def mend(self) -> None:
        """Start whichever has crashed."""
        for node in [node for node, _ in self._calls]:
            await self.start(node)

    async def __call__(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        running = [call for node, call in self._calls if node.running]
        if not running:
            raise ConnectionRefusedError(f"{self._app_id} does not run")
        return await self._dice.choice(running)(method, target, body, headers)


async def _nobody(_: str, __: str, ___: bytes, ____: Mapping[str, str]) -> Reply:
    """Stand for a process that has crashed before it was ready."""
    raise ConnectionRefusedError


async def race(seed: int, tally: Tally) -> None:
    """Play one history and check every invariant, after each delivery and at rest."""
    world = await World.begin(seed, tally)
    dice = random.Random(seed)  # noqa: S311 - a seed must repeat
    checks = Invariants()
    pairs = [Pair(world, dice, node) for node in world.cafe.nodes.values()]
    try:
        for pair in pairs:
            await pair.start(pair.twin)
        world.cafe.dapr.latency_s = lambda: dice.uniform(0.0, SLOWEST_S)
        world.cafe.fault = _sometimes(world, dice)
        async with asyncio.TaskGroup() as tasks:
            for work in _everybody(world, dice, checks, pairs):
                tasks.create_task(work)
        world.cafe.dapr.latency_s, world.cafe.fault = None, world.meet
        for pair in pairs:
            await pair.mend()
        await come_to_rest(world, checks)
        tally.runs["races of two replicas"] += 1
    finally:
        for pair in pairs:
            await pair.twin.stop()
        await world.end()


def _sometimes(world: World, dice: random.Random) -> Callable[[str, str, str, str], None]:
    def meet(app_id: str, verb: str, phase: str, what: str) -> None:
        world.meet(app_id, verb, phase, what)
        if dice.random() < FAULTY:
            fault = dice.choice(CHANCES[phase])
            world.tally.faults[fault] += 1
            _, error = FAULTS[fault]
            raise error()

    return meet


def _everybody(
    world: World, dice: random.Random, checks: Invariants, pairs: list[Pair]
) -> Iterator[Coroutine[Any, Any, None]]:
    end = world.cafe.clock.now + timedelta(seconds=RACE_S)

    def going_on() -> bool:
        return world.cafe.clock.now < end

    yield from (_customer(world, dice) for _ in range(ORDERS))
    yield from (_staff(world, dice, going_on) for _ in range(2))
    yield from (_broker(world, dice, checks, going_on) for _ in range(WORKERS))
    yield from (_scheduler(world, dice, going_on) for _ in range(2))
    yield _supervisor(pairs, going_on)


async def _customer(world: World, dice: random.Random) -> None:
    """Order, some twice at once; some change their mind, some of them twice at once."""
    await asyncio.sleep(dice.uniform(0, 10))
    cafe_id, payment = dice.choice(CAFES), dice.choice(PAYMENTS)
    wish = world.wish(cafe_id, payment, delivery=dice.random() < 0.5)
    await asyncio.gather(*(world.ask_again(wish) for _ in range(dice.choice((1, 1, 2)))))
    if wish.granted is not None and dice.random() < 0.4:
        await asyncio.sleep(dice.uniform(0, 15))
        order_id: str = wish.granted["order_id"]
        await asyncio.gather(*(world.cancel(order_id) for _ in range(dice.choice((1, 2)))))


async def _staff(world: World, dice: random.Random, going_on: Callable[[], bool]) -> None:
    """Do what is next for any order, or, now and then, anything at all."""
    while going_on():
        await asyncio.sleep(dice.uniform(0, 2))
        orders = world.orders()
        if not orders:
            continue
        order_id = dice.choice(orders)
        step = dice.choice(COMMANDS) if dice.random() < 0.2 else world.next_step(order_id)
        if step is not None:
            await world.command(order_id, step)


async def _broker(
    world: World, dice: random.Random, checks: Invariants, going_on: Callable[[], bool]
) -> None:
    """Deliver any message, some twice at once."""
    while going_on():
        await asyncio.sleep(dice.uniform(0, 0.2))
        if world.cafe.dapr.pending:
            delivery = world.broker.take(dice.randrange(1_000))
            copies = 2 if dice.random() < 0.2 else 1
            await asyncio.gather(*(world.cafe.dapr.deliver(delivery) for _ in range(copies)))
            world.tally.runs["deliveries in races"] += copies
            checks.after_a_step(world)


async def _scheduler(world: World, dice: random.Random, going_on: Callable[[], bool]) -> None:
    """Fire what is due, one job after the other; there are two of these."""
    while going_on():
        await asyncio.sleep(dice.uniform(0, 1))
        await world.cafe.dapr.jobs.fire_due()


async def _supervisor(pairs: list[Pair], going_on: Callable[[], bool]) -> None:
    """Start again what has crashed."""
    while going_on():
        await asyncio.sleep(DOWN_S)
        for pair in pairs:
            await pair.mend()
