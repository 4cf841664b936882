"""Whatever two replicas do to one aggregate at once, and whatever fails: each input counts once.

Every call of either replica waits for a drawn time and may then fail, before or after its effect,
or end the process; the input is then given again, as a broker would. Time is virtual.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from cafe_kit.events import Cause
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Conflict, Stored, Unavailable, Write
from kit.tests import virtual_time
from kit.tests.lamp import SOURCE, Press, lamps

T = TypeVar("T")


class CrashError(Exception):
    """The process ends in the middle of its work."""


@dataclass(frozen=True, slots=True)
class Hurt:
    """What happens to one call: it takes `delay_ms`, and `error` is raised in this phase."""

    delay_ms: int = 1
    phase: str = ""
    error: type[Exception] = Unavailable


HURTS = st.builds(
    Hurt,
    delay_ms=st.integers(0, 20),
    phase=st.sampled_from(["", "", "before", "after"]),
    error=st.sampled_from([Unavailable, Conflict, CrashError]),
)


class RoughSidecar(MemorySidecar):
    """Treats each of its first calls as planned, and all others well."""

    def __init__(self, dapr: MemoryDapr, plan: Iterator[Hurt]) -> None:
        super().__init__(dapr, SOURCE)
        self._plan = plan

    async def get(self, key: str) -> Stored | None:
        return await self._treat("get", lambda: super(RoughSidecar, self).get(key))

    async def save(self, write: Write) -> None:
        await self._treat("save", lambda: super(RoughSidecar, self).save(write))

    async def publish(self, topic: str, event: bytes, *, pubsub: str = "") -> None:
        call = super().publish
        await self._treat("publish", lambda: call(topic, event, pubsub=pubsub))

    async def _treat(self, verb: str, call: Callable[[], Awaitable[T]]) -> T:
        hurt = next(self._plan, Hurt())
        # Only a save can be told that another was first.
        error = Unavailable if hurt.error is Conflict and verb != "save" else hurt.error
        await asyncio.sleep(hurt.delay_ms / 1000)
        if hurt.phase == "before":
            raise error("before")
        answer = await call()
        if hurt.phase == "after":
            raise error("after")
        return answer


async def press_all(sidecar: MemorySidecar, causes: list[str], *, expect_new: bool) -> None:
    """Handle each input until it is handled, as with a broker that delivers again."""
    for cause in causes:
        while True:
            try:
                await lamps(sidecar).update("lamp-1", Press(), Cause(cause), expect_new=expect_new)
            except (Unavailable, CrashError):
                continue
            break


CAUSES = st.lists(st.sampled_from([f"press-{n}" for n in range(6)]), max_size=6)


@given(
    causes=st.tuples(CAUSES, CAUSES),
    plans=st.tuples(st.lists(HURTS, max_size=25), st.lists(HURTS, max_size=25)),
    expect_new=st.booleans(),
)
def test_every_input_counts_once_and_versions_have_no_gap(
    causes: tuple[list[str], list[str]],
    plans: tuple[list[Hurt], list[Hurt]],
    *,
    expect_new: bool,
) -> None:
    dapr = MemoryDapr()
    one, two = (RoughSidecar(dapr, iter(plan)) for plan in plans)
    two.documents = one.documents

    async def both() -> None:
        await asyncio.gather(
            press_all(one, causes[0], expect_new=expect_new),
            press_all(two, causes[1], expect_new=expect_new),
        )

    virtual_time.run(both())

    inputs = {*causes[0], *causes[1]}
    by_version: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for _, event in dapr.published:
        envelope = json.loads(event)
        by_version[envelope["data"]["version"]].append(envelope)
    assert sorted(by_version) == list(range(1, len(inputs) + 1))
    assert all(same == copies[0] for copies in by_version.values() for same in copies)
    assert {copies[0]["causationid"] for copies in by_version.values()} == inputs
    if inputs:
        document, _ = one.documents["lamp:lamp-1"]
        assert document["version"] == document["state"]["presses"] == len(inputs)
