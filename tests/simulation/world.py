"""A whole cafe with its people, its weather and its money, in virtual time and from one seed.

Everything that can happen is a short method, so that a found story can be told again as a test.
After each of them `Invariants.after_a_step` must hold, after `come_to_rest` all of them.
"""

import asyncio
import functools
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

from cafe_kit.sidecar import Unavailable
from kit.tests.virtual_time import VirtualTimeLoop
from tests.memory.cafe import START, MemoryCafe
from tests.memory.node import SERVICES
from tests.simulation.accidents import FAULTS, PARTS, Trip, can_meet
from tests.simulation.broker import Broker
from tests.simulation.complaints import Complaints
from tests.simulation.late_saves import LateSaves
from tests.simulation.people import People
from tests.simulation.tally import Tally
from tests.simulation.virtual_clock import LoopClock

APPS: Final = tuple(SERVICES)
CAFES: Final = ("gangnam", "hongdae", "jamsil")
COLD_S: Final = 3_600.0
"""After this long every cache is empty again."""

UNLIMITED: Final = {
    "MAX_OPEN_ORDERS": "1000000",
    "CALLER_RATE_PER_S": "1000000",
    "CALLER_BURST": "1000000",
}
"""A world plays one flow hundreds of times with the same people; each must make the same calls."""


@dataclass(slots=True)
class World(People):
    """The means to make things happen; `seed` decides whatever nobody says."""

    complaints: Complaints = field(kw_only=True)
    trips: list[Trip] = field(default_factory=list[Trip])
    broker: Broker = field(init=False)
    late: LateSaves = field(init=False)
    mode: str = "normal"
    _away: dict[tuple[str, str], datetime] = field(default_factory=dict[tuple[str, str], datetime])

    def __post_init__(self) -> None:
        self.broker = Broker(self.cafe, self.tally)
        self.late = LateSaves(self.cafe)
        for app_id, node in self.cafe.nodes.items():
            assert node.hook is not None
            node.hook = functools.partial(self.late.meet, app_id, node.hook)

    @classmethod
    async def begin(
        cls, seed: int = 0, tally: Tally | None = None, *, log_level: str = "warning"
    ) -> Self:
        """Start the four services. Only inside a `VirtualTimeLoop`."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.heed_threads()
        cafe = MemoryCafe(seed=seed, clock=LoopClock(START), settings=UNLIMITED)
        await cafe.__aenter__()
        world = cls(cafe, tally or Tally(), seed, complaints=Complaints(log_level))
        cafe.fault = world.meet
        world.reseed()
        return world

    def reseed(self) -> None:
        """Begin the same series of chances again."""
        random.seed(self.seed)
        self.cafe.dapr.dice.seed(self.seed)

    async def end(self) -> None:
        """Stop the four services."""
        self.cafe.fault = None
        self.complaints.close()
        await self.cafe.__aexit__()

    async def gateway(self, mode: str) -> None:
        """Have the payment gateway behave: normal, slow, down, charge_then_500 ..."""
        self.mode = mode
        if mode != "normal":
            self.tally.faults[f"gateway: {mode}"] += 1
        body = b'{"mode": "%s"}' % mode.encode()
        call = self.cafe.dapr.apps["payment-gateway"]
        await call("PUT", "/v1/behaviour", body, {"content-type": "application/json"})

    def crash(self, app_id: str) -> None:
        """End a service as kill -9 does, if it runs."""
        if self.cafe.nodes[app_id].running:
            self.tally.faults["crash"] += 1
            self.cafe.nodes[app_id].crash()

    async def restart(self, app_id: str) -> None:
        """Start a service that does not run; what it needs for that is there."""
        if not self.cafe.nodes[app_id].running:
            self._away = {call: end for call, end in self._away.items() if call[0] != app_id}
            await self.cafe.nodes[app_id].start()

    def trip(self, app_id: str, calls: int, fault: str) -> None:
        """Let one of the next sidecar calls of an app meet a fault."""
        self.trips.append(Trip(app_id, calls, fault))

    def lose_part(self, app_id: str, part: str, seconds: float) -> None:
        """Let an app's broker, scheduler, store or peers be away for a while."""
        self.tally.faults[f"{part} away"] += 1
        end = self.cafe.clock.now + timedelta(seconds=seconds)
        self._away |= dict.fromkeys(((app_id, verb) for verb in PARTS[part]), end)

    def down(self) -> list[str]:
        """Return the services that do not run."""
        return [app_id for app_id, node in self.cafe.nodes.items() if not node.running]

    async def heal(self) -> None:
        """Mend everything: no faults to come, all services up, the gateway well."""
        self.trips.clear()
        self._away.clear()
        self.late.land()
        await self.cafe.heal()
        await self.gateway("normal")

    def forget(self) -> None:
        """Begin anew with the same running services: no orders, no pages, the cafes as they are."""
        self.wishes.clear()
        self.cafe.dapr.published.clear()
        self.cafe.dapr.pending.clear()
        for jobs in self.cafe.dapr.jobs.by_app.values():
            jobs.clear()
        self.cafe.clock.advance(COLD_S)
        for node in self.cafe.nodes.values():
            for key in [key for key in node.documents if not key.startswith("cafe:")]:
                del node.documents[key]

    def state(self, app_id: str, key: str) -> Any:
        """Return the state of one stored aggregate."""
        return self.cafe.document(app_id, key)["state"]

    def meet(self, app_id: str, verb: str, phase: str, _: str) -> None:
        """Let a sidecar call meet what waits for it."""
        if phase == "before":
            self.tally.calls[f"{app_id} {verb}"] += 1
            if self._away.get((app_id, verb), START) > self.cafe.clock.now:
                raise Unavailable("away for a while")
        for trip in list(self.trips):
            at, error = FAULTS[trip.fault]
            if trip.app_id == app_id and at == phase and can_meet(trip.fault, verb):
                trip.left -= 1
                if trip.left <= 0:
                    self.trips.remove(trip)
                    self.tally.faults[trip.fault] += 1
                    raise error()
