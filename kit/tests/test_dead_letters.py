"""What becomes of an event that could not be handled: once more, then parked, never dropped."""

import json
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from cafe_kit.letters import BODY_LIMIT, SHOWN_OF_LARGE, Status
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome, Retry
from cafe_kit.sidecar import Unavailable
from kit.tests.desk import in_virtual_time
from kit.tests.lamp import NOW
from kit.tests.lamp_events import lit
from kit.tests.lamp_service import Service
from kit.tests.letter_box import HASTY, LetterBox


@in_virtual_time
async def test_an_event_that_was_dropped_is_handled_once_more_and_then_waits_for_a_person() -> None:
    box = await LetterBox(Service(Drop("no lamp glows"))).start()
    box.desk.dapr.accept("lamp.Lit.v1", lit())

    await box.desk.dapr.settle()

    [first, again] = box.service.given
    assert first == again
    letter = await box.one()
    assert letter == {
        "id": letter["id"],
        "status": "WAITING",
        "topic": "lamp.Lit.v1",
        "event_id": "event-1",
        "subject": "lamp-1",
        "reason": "no lamp glows",
        "attempts": 1,
        "first_at": "2026-05-04T03:02:01Z",
        "last_at": "2026-05-04T03:02:01Z",
        "retry_at": None,
        "size": len(lit()),
        "whole": True,
        "discarded_by": "",
        "discarded_because": "",
        "body": lit().decode(),
    }
    assert box.indexed == {letter["id"]: Status.WAITING}
    assert box.desk.jobs == []


@pytest.mark.parametrize("outcome", [Done(), Duplicate()])
@in_virtual_time
async def test_what_goes_well_the_second_time_leaves_no_trace(outcome: Outcome) -> None:
    box = await LetterBox(Service(outcome)).start()

    assert await box.receive(lit()) == Done()

    assert len(box.service.given) == 1
    assert dict(box.desk.sidecar.documents) == {}
    assert box.desk.jobs == []


@pytest.mark.parametrize("trouble", [Retry("busy"), Unavailable("busy"), RuntimeError("busy")])
@in_virtual_time
async def test_what_may_pass_is_tried_again_by_itself_until_it_is_handled(
    trouble: Outcome | Exception,
) -> None:
    box = await LetterBox(Service(trouble)).start()

    assert await box.receive(lit()) == Done()

    letter = await box.one()
    assert (letter["status"], "busy" in letter["reason"]) == ("RETRYING", True)
    [(due_s, ids)] = box.desk.jobs
    assert (45 <= due_s <= 75, ids) == (True, [letter["id"]])

    await box.desk.elapse(44)
    assert len(box.service.given) == 1

    box.service.outcome = Done()
    await box.desk.elapse(32)
    settled = await box.one()
    assert len(box.service.given) == 2
    assert (settled["status"], settled["attempts"], settled["retry_at"]) == ("HANDLED", 1, None)
    assert settled["first_at"] < settled["last_at"]
    assert (box.indexed, box.desk.jobs) == ({}, [])


@in_virtual_time
async def test_waits_double_up_to_the_longest_and_never_end() -> None:
    box = await LetterBox(Service(Retry("busy")), HASTY).start()
    await box.receive(lit())
    waits: list[float] = []

    for _ in range(6):
        letter = await box.one()
        attempt_s, due_s = await seconds_of(box), box.desk.jobs[0][0]
        waits.append(due_s - attempt_s)
        await box.desk.elapse(waits[-1] + 0.1)
        assert (await box.one())["attempts"] == letter["attempts"] + 1

    for wait, doubled in zip(waits, [10, 20, 40, 40, 40, 40], strict=True):
        assert 0.75 * doubled - 0.2 <= wait <= 1.25 * doubled + 0.2


async def seconds_of(box: LetterBox) -> float:
    """Return the seconds after the beginning at which the letter was tried last."""
    last = datetime.fromisoformat((await box.one())["last_at"])
    return (last - NOW).total_seconds()


@in_virtual_time
async def test_what_turns_out_to_be_hopeless_waits_for_a_person_and_reminds_nobody() -> None:
    box = await LetterBox(Service(Retry("busy")), HASTY).start()
    await box.receive(lit())
    box.service.outcome = Drop("no lamp glows")

    await box.desk.elapse(60)

    letter = await box.one()
    assert (letter["status"], letter["reason"], letter["attempts"]) == (
        "WAITING",
        "no lamp glows",
        2,
    )
    assert box.indexed == {letter["id"]: Status.WAITING}
    assert (len(box.service.given), box.desk.jobs) == (2, [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{not json", "nobody here hears ''"),
        (b"", "nobody here hears ''"),
        (b'{"hello":"world"}', "nobody here hears ''"),
        (lit(topic="lamp.Gone.v1"), "nobody here hears 'lamp.Gone.v1'"),
        (lit(specversion="0.3"), "not an event of lamp.Lit.v1: Input should be '1.0'"),
        (lit(data={"lamp_id": "lamp-1"}), "not an event of lamp.Lit.v1: Field required"),
    ],
)
@in_virtual_time
async def test_whatever_arrives_is_kept_with_the_reason(body: bytes, reason: str) -> None:
    box = await LetterBox().start()

    assert await box.receive(body) == Done()

    letter = await box.one()
    assert (letter["status"], letter["reason"], letter["body"]) == (
        "WAITING",
        reason,
        body.decode(),
    )
    assert box.service.given == []


@in_virtual_time
async def test_of_a_text_over_the_limit_the_beginning_is_kept() -> None:
    box = await LetterBox(Service(Drop("no lamp glows"))).start()
    body = lit(data={"lamp_id": "ü" * BODY_LIMIT, "presses": 3})

    await box.receive(body)

    letter = await box.one()
    assert (letter["size"], letter["whole"]) == (len(body.decode()), False)
    assert letter["body"] == body.decode()[:SHOWN_OF_LARGE]


@in_virtual_time
async def test_a_letter_that_is_handled_and_dies_again_is_parked_again_at_its_old_place() -> None:
    box = await LetterBox(Service(Drop("no lamp glows"))).start()
    await box.receive(lit())
    first = await box.one()
    box.service.outcome = Done()
    await box.desk.elapse(5)
    await box.receive(lit())
    box.service.outcome = Drop("it is off")

    await box.desk.elapse(5)
    await box.receive(lit())

    letter = await box.one()
    assert (letter["status"], letter["reason"], letter["attempts"]) == ("WAITING", "it is off", 2)
    assert letter["first_at"] == first["first_at"]
    assert box.indexed == {letter["id"]: Status.WAITING}


@in_virtual_time
async def test_a_discarded_letter_that_dies_again_stays_discarded() -> None:
    box = await LetterBox(Service(Retry("busy")), HASTY).start()
    await box.receive(lit())
    [letter_id] = box.stored
    await box.ask("POST", f"/{letter_id}/discard", {"reason": "not ours"})

    await box.receive(lit())
    await box.desk.elapse(60)

    assert box.stored == {letter_id: Status.DISCARDED}
    assert (box.indexed, box.desk.jobs) == ({}, [])
    assert len(box.service.given) == 1


@in_virtual_time
async def test_lines_name_the_letter_its_topic_and_the_reason() -> None:
    box = await LetterBox(Service(Retry("busy")), HASTY).start()

    with capture_logs() as lines:
        await box.receive(lit())
        box.service.outcome = Done()
        await box.desk.elapse(60)

    [letter_id] = box.stored
    assert told(lines) == [
        {
            "event": "dead letter parked",
            "log_level": "warning",
            "letter": letter_id,
            "topic": "lamp.Lit.v1",
            "attempts": 1,
            "status": "RETRYING",
            "reason": "busy",
        },
        {
            "event": "dead letter settled",
            "log_level": "info",
            "letter": letter_id,
            "topic": "lamp.Lit.v1",
            "attempts": 1,
            "status": "HANDLED",
        },
    ]


def told(lines: list[Any]) -> list[dict[str, Any]]:
    """Return the lines about letters."""
    return [json.loads(json.dumps(line)) for line in lines if line["event"].startswith("dead l")]
