"""A letter delivered twice, two replicas at once, an operator meanwhile: one letter, one chain."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from cafe_kit.letters import Status
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.outcomes import Done, Drop, Outcome, Retry
from cafe_kit.sidecar import Stored
from kit.tests.desk import Desk, in_virtual_time
from kit.tests.lamp import SOURCE
from kit.tests.lamp_events import lit
from kit.tests.lamp_service import Service
from kit.tests.letter_box import HASTY, ROUTE, LetterBox

SUCCESS = b'{"status":"SUCCESS"}'
SEEDS = pytest.mark.parametrize("seed", range(6))


async def unlucky(seed: int, outcome: Outcome) -> LetterBox:
    """Return a box whose sidecar calls take their time, each another."""
    box = await LetterBox(Service(outcome), HASTY).start()
    dice = random.Random(seed)  # noqa: S311 - a seed must repeat
    box.desk.dapr.latency_s = lambda: dice.uniform(0, 0.2)
    return box


@SEEDS
@pytest.mark.parametrize("outcome", [Retry("busy"), Drop("no lamp glows")])
@in_virtual_time
async def test_two_replicas_that_get_the_same_letter_park_it_once(
    seed: int, outcome: Outcome
) -> None:
    box = await unlucky(seed, outcome)
    replicas = [box.desk.dapr.apps[SOURCE], box.replica()]

    answers = await asyncio.gather(*(each("POST", ROUTE, lit(), {}) for each in replicas * 2))

    assert {answer.body for answer in answers} == {SUCCESS}
    assert box.indexed == box.stored
    letter = await box.one()
    assert letter["attempts"] == len(box.service.given) == 4


@SEEDS
@in_virtual_time
async def test_whenever_it_is_parked_again_a_letter_has_one_chain_of_reminders(seed: int) -> None:
    box = await unlucky(seed, Retry("busy"))
    replicas = [box.desk.dapr.apps[SOURCE], box.replica()]
    dice = random.Random(seed)  # noqa: S311 - a seed must repeat

    async def deliver() -> None:
        await asyncio.sleep(dice.uniform(0, 60))
        await dice.choice(replicas)("POST", ROUTE, lit(), {})

    async def replay() -> None:
        await asyncio.sleep(dice.uniform(20, 60))
        for letter_id in box.stored:
            await box.ask("POST", f"/{letter_id}/replay")

    await asyncio.gather(box.desk.elapse(150), *(deliver() for _ in range(4)), replay())

    assert len(box.desk.jobs) == 1
    assert (await box.one())["attempts"] == len(box.service.given)
    box.service.outcome = Done()
    await box.desk.elapse(60)
    assert list(box.stored.values()) == [Status.HANDLED]
    assert (box.indexed, box.desk.jobs) == ({}, [])


class OvertakenSidecar(MemorySidecar):
    """Something else happens just before the index is read the next time."""

    def __init__(self, dapr: MemoryDapr) -> None:
        super().__init__(dapr, SOURCE)
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def get(self, key: str) -> Stored | None:
        if key.startswith("dead-letters:") and self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return await super().get(key)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Done(), Drop("it is off")),
        (Done(), Retry("busy")),
        (Drop("it is off"), Done()),
        (Drop("it is off"), Retry("busy")),
        (Retry("busy"), Done()),
        (Retry("busy"), Drop("it is off")),
    ],
)
@in_virtual_time
async def test_whoever_is_overtaken_before_the_index_the_index_knows_the_last_word(
    mine: Outcome, theirs: Outcome
) -> None:
    box = LetterBox(Service(Drop("no lamp glows")), HASTY, Desk(sidecar_of=OvertakenSidecar))
    await box.start()
    replica = box.replica()
    await box.receive(lit())
    [letter_id] = box.stored

    async def meanwhile() -> None:
        box.service.outcome = theirs
        await replica("POST", ROUTE, lit(), {})

    box.service.outcome = mine
    assert isinstance(box.desk.sidecar, OvertakenSidecar)
    box.desk.sidecar.meanwhile = meanwhile
    await box.ask("POST", f"/{letter_id}/replay")

    [status] = box.stored.values()
    assert box.indexed == ({} if status == Status.HANDLED else {letter_id: status})
