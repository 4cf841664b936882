"""Faults that a sidecar call can meet, and deliveries as unfair as a broker may make them."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.memory.cafe import MAX_DELIVERIES, MemoryCafe
from tests.memory.journeys import Between


@dataclass(slots=True)
class Calls:
    """Watches the sidecar calls: (app id, verb, key or topic or path)."""

    made: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    def __call__(self, app_id: str, verb: str, phase: str, what: str) -> None:
        if phase == "before":
            self.made.append((app_id, verb, what))

    def count(self, app_id: str, verb: str, what: str = "") -> int:
        """Count the calls of one verb whose key, topic or path begins with `what`."""
        return sum(a == app_id and v == verb and w.startswith(what) for a, v, w in self.made)


@dataclass(slots=True)
class FaultAt:
    """Raises at the `number`th call (from 1) that reaches the phase "before" or "after".

    Only calls of the service `app_id` and of the named verbs count, where any are given.
    """

    number: int
    phase: str
    error: Callable[[], BaseException]
    verbs: frozenset[str] = frozenset()
    app_id: str = ""
    seen: int = 0

    def __call__(self, app_id: str, verb: str, phase: str, _: str) -> None:
        if phase != self.phase or self.app_id not in ("", app_id):
            return
        if self.verbs and verb not in self.verbs:
            return
        self.seen += 1
        if self.seen == self.number:
            raise self.error()


def twice(cafe: MemoryCafe) -> Between:
    """Deliver what is pending, and what follows from it, each event two times in a row."""

    async def between() -> None:
        for _ in range(MAX_DELIVERIES):
            if not cafe.dapr.pending:
                return
            delivery = cafe.dapr.pending.popleft()
            await cafe.dapr.deliver(delivery)
            await cafe.dapr.deliver(delivery)
        raise AssertionError(f"still pending: {len(cafe.dapr.pending)} events")

    return between


def at_once(cafe: MemoryCafe) -> Between:
    """Deliver all that is pending at the same time and each event twice, and so on."""

    async def between() -> None:
        for _ in range(MAX_DELIVERIES):
            batch = list(cafe.dapr.pending)
            if not batch:
                return
            cafe.dapr.pending.clear()
            await asyncio.gather(*(cafe.dapr.deliver(delivery) for delivery in batch * 2))
        raise AssertionError(f"still pending: {len(cafe.dapr.pending)} events")

    return between


def scrambled(cafe: MemoryCafe) -> Between:
    """Deliver one pending event, any of them; half of the time a copy stays behind."""
    pending, dice = cafe.dapr.pending, cafe.dapr.dice

    async def between() -> None:
        if pending:
            number = dice.randrange(len(pending))
            delivery = pending[number]
            if dice.random() < 0.5:
                del pending[number]
            await cafe.dapr.deliver(delivery)

    return between


@contextmanager
def told(**circumstances: object) -> Generator[None]:
    """Name the circumstances in whatever error is raised inside."""
    try:
        yield
    except BaseException as error:
        error.add_note(", ".join(f"{name} = {value}" for name, value in circumstances.items()))
        raise
