"""A broker and a scheduler as unfair as real ones may be; they do nothing by themselves."""

import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cafe_kit.memory_sidecar import Delivery
from cafe_kit.outcomes import Retry
from tests.memory.cafe import MemoryCafe
from tests.simulation.tally import Tally

REDELIVERY_S: Final = 60.0
MAX_DELIVERED: Final = 5_000
LONGEST_STEP_S: Final = 300.0
MAX_FIRED: Final = 10_000
"""More than half an hour of jobs that are fired again every five seconds comes to."""


@dataclass(slots=True)
class Late:
    """A delivery the broker gives again only later."""

    due: datetime
    delivery: Delivery


@dataclass(slots=True)
class Broker:
    """Numbers choose among what is pending, whatever their size."""

    cafe: MemoryCafe
    tally: Tally
    late: list[Late] = field(default_factory=list[Late])

    async def deliver(self, number: int) -> None:
        """Deliver any pending message."""
        await self.cafe.dapr.deliver(self.take(number))

    async def deliver_many(self, most: int) -> None:
        """Deliver in any sequence, what follows too."""
        for _ in range(most):
            if not self.cafe.dapr.pending:
                return
            await self.deliver(self.cafe.dapr.dice.randrange(10_000))

    async def duplicate(self, number: int) -> None:
        """Deliver a message and keep it, as a broker does that lost the answer."""
        self.tally.faults["event duplicated"] += 1
        pending = self.cafe.dapr.pending
        await self.cafe.dapr.deliver(pending[number % len(pending)])

    def delay(self, number: int) -> None:
        """Let everything else go first."""
        self.tally.faults["event delayed"] += 1
        self.cafe.dapr.pending.append(self.take(number))

    def lose(self, number: int) -> None:
        """Lose a message on its way; the broker gives it again after its timeout."""
        self.tally.faults["event lost"] += 1
        due = self.cafe.clock.now + timedelta(seconds=REDELIVERY_S)
        self.late.append(Late(due, self.take(number)))

    async def settle(self) -> None:
        """Deliver until nothing is pending, or only what nobody can handle now."""
        delivered = 0
        while self.cafe.dapr.pending:
            outcomes = [
                await self.cafe.dapr.deliver(self.take(0))
                for _ in range(len(self.cafe.dapr.pending))
            ]
            if all(isinstance(outcome, Retry) for outcome in outcomes):
                return
            delivered += len(outcomes)
            assert delivered < MAX_DELIVERED, f"a storm: {len(self.cafe.dapr.pending)} events wait"

    async def advance(self, seconds: float) -> None:
        """Let time pass; whatever is fired, `settle` follows it."""
        await self._pass_time(seconds, self.settle)

    async def tick(self, seconds: float) -> None:
        """Let time pass: jobs are fired, nothing is delivered."""
        await self._pass_time(seconds, self._redeliver)
        self._thin_out()

    async def fire_again(self) -> None:
        """Fire the next job before its time, and keep it: it is fired twice."""
        self.tally.faults["job fired twice"] += 1
        jobs = [
            (app, name, job)
            for app, found in self.cafe.dapr.jobs.by_app.items()
            for name, job in found.items()
        ]
        app_id, name, job = min(jobs, key=lambda found: found[2].due)
        await self.cafe.dapr.jobs.fire(app_id, name)
        self.cafe.dapr.jobs.of(app_id)[name] = job

    def take(self, number: int) -> Delivery:
        """Take any pending message out of the broker."""
        pending = self.cafe.dapr.pending
        taken = pending[number % len(pending)]
        del pending[number % len(pending)]
        return taken

    def hurry(self) -> None:
        """Give again at once what was lost."""
        self.cafe.dapr.pending.extend(late.delivery for late in self.late)
        self.late.clear()

    async def _pass_time(self, seconds: float, between: Callable[[], Awaitable[None]]) -> None:
        """Fire each job when it is due, those too that are armed in the background meanwhile."""
        clock, jobs = self.cafe.clock, self.cafe.dapr.jobs
        end = clock.now + timedelta(seconds=seconds)
        step, fired = 1.0, 0
        while clock.now < end:
            await clock.reach(min(end, clock.now + timedelta(seconds=step), jobs.next_due() or end))
            step = min(2 * step, LONGEST_STEP_S)
            await between()
            while await jobs.fire_due():
                fired += 1
                assert fired < MAX_FIRED, "a storm of jobs"
                await between()

    async def _redeliver(self) -> None:
        now = self.cafe.clock.now
        self.cafe.dapr.pending.extend(late.delivery for late in self.late if late.due <= now)
        self.late = [late for late in self.late if late.due > now]

    def _thin_out(self) -> None:
        """Drop what was said again for long to somebody who does not listen: copies beyond two."""
        copies: Counter[tuple[str, str]] = Counter()
        kept: list[Delivery] = []
        for delivery in self.cafe.dapr.pending:
            copy = delivery.app_id, json.loads(delivery.event)["id"]
            copies[copy] += 1
            if copies[copy] <= 2:
                kept.append(delivery)
        self.cafe.dapr.pending = deque(kept)
