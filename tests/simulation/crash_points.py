"""Every sidecar call of a flow goes wrong once, in each of five ways; the end is right anyway.

The calls are numbered as they are made, of all services together, to the last reminder. What fails
after its effect must have had one, so reads and lost saves are only tried before it; what comes
late can only be a save.

The sixth kind is a delivery that the broker takes for handled and that never was (LOST). Deliveries
have numbers of their own. mypage-svc is left out: a page has no second chance to hear an event.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.memory.faults import told
from tests.simulation.accidents import FAULTS, can_meet
from tests.simulation.flows import FLOWS, Flow
from tests.simulation.rest import REST_S, come_to_rest
from tests.simulation.tally import Tally
from tests.simulation.world import World

ID: Final = re.compile(
    r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|(?<=:open:)\d+|(?<=:deliveries:)\d+"
)
"""What differs from run to run: an id, and the list that an order stands on because of its id."""

LOST: Final = "lost"
DEAF: Final = "mypage-svc"


@dataclass(frozen=True, slots=True)
class Call:
    """One sidecar call or delivery; a star stands for the ids, which differ from run to run."""

    app_id: str
    verb: str
    what: str


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that can go wrong: this call, the `number`th (from 0), meets this fault."""

    number: int
    call: Call
    fault: str


@dataclass(slots=True)
class Recorder:
    """Numbers calls and deliveries; the one at `strike` (from 0) meets `fault`."""

    strike: int = -1
    fault: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    deliveries: list[Call] = field(default_factory=list[Call])
    effective: set[int] = field(default_factory=set[int])
    struck: Call | None = None

    def __call__(self, app_id: str, verb: str, phase: str, what: str) -> None:
        call = Call(app_id, verb, ID.sub("*", what))
        if phase == "before":
            number = len(self.calls)
            self.calls.append(call)
        else:
            # Not always the last: an app that is invoked has made calls of its own meanwhile.
            number = len(self.calls) - 1 - self.calls[::-1].index(call)
            self.effective.add(number)
        if number == self.strike and self.struck is None and self.fault != LOST:
            at, error = FAULTS[self.fault]
            if at == phase:
                self.struck = call
                raise error()

    def loses(self, app_id: str, route: str) -> bool:
        """Say whether this delivery is the one that gets lost."""
        delivery = Call(app_id, "deliver", route)
        if app_id == DEAF:
            return False
        lost = self.fault == LOST and len(self.deliveries) == self.strike
        self.deliveries.append(delivery)
        if lost:
            self.struck = delivery
        return lost

    def points(self) -> Iterator[Point]:
        """Yield all that can go wrong with these calls."""
        for number, call in enumerate(self.calls):
            for fault, (phase, _) in FAULTS.items():
                had_effect = phase == "before" or number in self.effective
                if had_effect and can_meet(fault, call.verb):
                    yield Point(number, call, fault)
        for number, delivery in enumerate(self.deliveries):
            yield Point(number, delivery, LOST)


async def begin(tally: Tally | None = None) -> World:
    """Start a world whose every log line is looked at (I11)."""
    return await World.begin(tally=tally, log_level="debug")


async def run_flow(world: World, flow: Flow, recorder: Recorder) -> frozenset[tuple[str, str]]:
    """Play a flow, bring it to rest, check everything; return how order and payment ended."""
    world.reseed()
    world.cafe.fault = recorder
    for node in world.cafe.nodes.values():
        node.loses = recorder.loses
    await flow.play(world)
    await world.cafe.heal()
    await world.broker.advance(REST_S)
    world.cafe.fault = None
    for node in world.cafe.nodes.values():
        node.loses = None
    await come_to_rest(world)
    ends = frozenset((world.status(order), world.payment(order)) for order in world.orders())
    world.forget()
    return ends


async def points_of(world: World, flow: Flow) -> list[Point]:
    """Play the flow undisturbed and return all that can go wrong in it."""
    clean = Recorder()
    ends = await run_flow(world, flow, clean)
    assert ends == {(flow.ends, flow.pays)}, ends
    return list(clean.points())


async def try_point(world: World, flow: Flow, point: Point) -> None:
    """Play the flow with one fault; it comes to one of its legal ends."""
    recorder = Recorder(point.number, point.fault)
    again = f'python -m tests.simulation --point "{flow.name}:{point.number}:{point.fault}"'
    with told(flow=flow.name, point=point, again=again):
        ends = await run_flow(world, flow, recorder)
        assert recorder.struck == point.call, recorder.struck
        assert {end for end, _ in ends} <= flow.legal, ends
    world.tally.points[flow.name, point.fault] += 1
    world.tally.faults[point.fault] += 1
    world.tally.calls.update(f"{call.app_id} {call.verb}" for call in recorder.calls)


async def try_again(name: str) -> None:
    """Try the one point that is written `flow:number:fault`, in a fresh world."""
    flow_name, number, fault = name.rsplit(":", 2)
    flow = next(flow for flow in FLOWS if flow.name == flow_name)
    world = await begin()
    points = {(point.number, point.fault): point for point in await points_of(world, flow)}
    await try_point(world, flow, points[int(number), fault])
    await world.end()


def sample(points: list[Point], seed: int) -> list[Point]:
    """Return the same points so that any first part of them is spread over the whole flow."""
    mixed = list(points)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - a seed must repeat
    return mixed
