"""Whatever fails while a letter is parked or tried again: it is kept, once, and has one chain."""

import pytest

from cafe_kit.letters import Status
from cafe_kit.memory_jobs import JOB_RETRY
from cafe_kit.outcomes import Done, Drop, Outcome, Retry
from cafe_kit.reminders import AWAY_FOR, RETRY_AFTER
from cafe_kit.sidecar import Unavailable
from kit.tests.desk import in_virtual_time
from kit.tests.hooks import at_call, away, failing
from kit.tests.lamp_events import lit
from kit.tests.lamp_service import Service
from kit.tests.letter_box import HASTY, LetterBox

BUSY, HOPELESS = Retry("busy"), Drop("no lamp glows")
CALLS = {"RETRYING": 8, "WAITING": 6}
ANSWERED = {"RETRYING": 3, "WAITING": 2}
OUTCOMES = {"RETRYING": BUSY, "WAITING": HOPELESS}
FAULTS = [
    (status, phase, number)
    for status in OUTCOMES
    for phase, calls in (("before", CALLS), ("after", ANSWERED))
    for number in range(1, calls[status] + 1)
]


@pytest.mark.parametrize("status", OUTCOMES)
@in_virtual_time
async def test_the_faults_below_meet_every_call_of_a_parking(status: str) -> None:
    box = await LetterBox(Service(OUTCOMES[status]), HASTY).start()

    await box.receive(lit())

    calls = box.desk.sidecar.calls
    assert calls.total() == CALLS[status]
    assert calls["save"] + calls["schedule"] == ANSWERED[status]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("status", "phase", "number"), FAULTS)
@in_virtual_time
async def test_a_letter_whose_parking_fails_stays_in_the_broker_and_is_parked_once_in_the_end(
    status: str, phase: str, number: int, *, restarted: bool
) -> None:
    box = await LetterBox(Service(OUTCOMES[status]), HASTY).start()
    box.desk.sidecar.hook = at_call(number, phase)

    answer = await box.receive(lit())

    assert len(box.desk.dapr.pending) == (answer != Done())
    assert answer != Done() or box.stored == box.indexed != {}

    box.desk.sidecar.hook = None
    if restarted:
        await box.start()
    await box.desk.elapse(AWAY_FOR.total_seconds())
    await box.desk.dapr.settle()
    assert list(box.stored.values()) == [status]
    assert box.indexed == box.stored

    await box.desk.elapse(80)
    assert len(box.desk.jobs) == (status == "RETRYING")
    assert (await box.one())["attempts"] <= len(box.service.given)


@pytest.mark.parametrize("verbs", [("get",), ("save",), ("schedule",), ("get", "save", "schedule")])
@in_virtual_time
async def test_while_a_part_is_away_a_letter_stays_in_the_broker(verbs: tuple[str, ...]) -> None:
    box = await LetterBox(Service(BUSY), HASTY).start()
    box.desk.sidecar.hook = away(*verbs)

    answers = [await box.receive(lit()) for _ in range(3)]

    assert answers == [Retry("not handled")] * 3
    assert box.stored == {}

    box.desk.sidecar.hook = None
    await box.desk.elapse(AWAY_FOR.total_seconds())
    await box.desk.dapr.settle()
    assert list(box.stored.values()) == [Status.RETRYING]


@pytest.mark.parametrize("phase", ["before", "after"])
@in_virtual_time
async def test_a_crash_between_an_attempt_and_its_successor_loses_neither(phase: str) -> None:
    box = await LetterBox(Service(BUSY), HASTY).start()
    await box.receive(lit())
    [(due_s, _)] = box.desk.jobs
    box.desk.sidecar.hook = failing("schedule", phase)

    await box.desk.elapse(due_s + JOB_RETRY.total_seconds() + 1)

    assert len(box.service.given) == 2
    letter = await box.one()
    assert (letter["status"], letter["attempts"]) == ("RETRYING", 2)
    await box.desk.elapse(60)
    assert (len(box.desk.jobs), len(box.service.given) > 2) == (1, True)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("outcome", [Done(), HOPELESS])
@in_virtual_time
async def test_an_attempt_whose_end_could_not_be_noted_is_noted_soon(
    outcome: Outcome, phase: str
) -> None:
    """The letter's save goes well; the reminder comes again for what the index does not know."""
    box = await LetterBox(Service(BUSY), HASTY).start()
    await box.receive(lit())
    [(due_s, _)] = box.desk.jobs
    box.service.outcome = outcome
    hurt = failing("save", phase, times=20)

    def only_the_index(verb: str, at: str, what: str) -> None:
        if what.startswith("dead-letters:"):
            hurt(verb, at, what)

    box.desk.sidecar.hook = only_the_index
    await box.desk.elapse(due_s + 3)

    box.desk.sidecar.hook = None
    await box.desk.elapse(2 * RETRY_AFTER.total_seconds())

    open_ones = {id_: status for id_, status in box.stored.items() if status == Status.WAITING}
    assert box.indexed == open_ones
    assert box.desk.jobs == []


@in_virtual_time
async def test_a_reminder_of_a_letter_that_was_never_parked_ends() -> None:
    box = await LetterBox(Service(BUSY), HASTY).start()
    box.desk.sidecar.hook = failing("schedule", "after")
    await box.receive(lit())
    box.desk.dapr.pending.clear()

    await box.desk.elapse(60)

    assert (box.stored, box.desk.jobs, len(box.service.given)) == ({}, [], 1)


@in_virtual_time
async def test_however_often_its_parking_fails_a_letter_has_one_reminder() -> None:
    """While the index cannot be written the broker delivers the letter again without end."""
    box = await LetterBox(Service(BUSY), HASTY).start()

    def full(verb: str, _phase: str, key: str) -> None:
        if verb == "save" and key.startswith("dead-letters:"):
            raise Unavailable("no room")

    box.desk.sidecar.hook = full
    for _ in range(30):
        assert await box.receive(lit()) != Done()
    await box.desk.elapse(600)

    assert len(box.desk.sidecar.jobs) == 1
