"""What an operator does about a letter: replay it, or discard it with a reason."""

import json

import pytest
from structlog.testing import capture_logs

from cafe_kit.letters import BODY_LIMIT, Status
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome, Retry
from cafe_kit.reminders import AWAY_FOR
from cafe_kit.sidecar import Reply
from kit.tests.desk import in_virtual_time
from kit.tests.hooks import away
from kit.tests.lamp_events import lit
from kit.tests.lamp_service import Service
from kit.tests.letter_box import HASTY, LetterBox

HOPELESS = Drop("no lamp glows")
DISCARD = {"reason": "a test of theirs"}
CUT = lit(data={"lamp_id": "x" * BODY_LIMIT, "presses": 3})


async def parked(outcome: Outcome = HOPELESS, body: bytes | None = None) -> tuple[LetterBox, str]:
    """Return a box with one letter, and its id."""
    box = await LetterBox(Service(outcome), HASTY).start()
    await box.receive(lit() if body is None else body)
    [letter_id] = box.stored
    return box, letter_id


def problem(reply: Reply) -> tuple[int, str, str | None]:
    """Return the status, the detail and the letter's status of a problem."""
    assert reply.headers["content-type"] == "application/problem+json"
    body = json.loads(reply.body)
    return reply.status, body["detail"], body.get("current_status")


@pytest.mark.parametrize("outcome", [Done(), Duplicate()])
@pytest.mark.parametrize("before", [HOPELESS, Retry("busy")])
@in_virtual_time
async def test_a_replay_that_goes_well_settles_the_letter(
    before: Outcome, outcome: Outcome
) -> None:
    box, letter_id = await parked(before)
    box.service.outcome = outcome

    reply = await box.ask("POST", f"/{letter_id}/replay")

    told = json.loads(reply.body)
    assert (reply.status, told["status"], told["id"]) == (200, "HANDLED", letter_id)
    assert "body" not in told
    assert [event.id for event, _ in box.service.given] == ["event-1", "event-1"]
    assert box.indexed == {}
    await box.desk.elapse(60)
    assert (box.desk.jobs, len(box.service.given)) == ([], 2)


@in_virtual_time
async def test_a_replay_that_is_dropped_again_is_409_with_the_reason() -> None:
    box, letter_id = await parked()
    box.service.outcome = Drop("it is off")

    reply = await box.ask("POST", f"/{letter_id}/replay")

    assert problem(reply) == (409, "In vain: it is off", "WAITING")
    letter = await box.one()
    assert (letter["attempts"], letter["reason"]) == (2, "it is off")
    assert box.indexed == {letter_id: Status.WAITING}


@pytest.mark.parametrize("before", [HOPELESS, Retry("away")])
@in_virtual_time
async def test_a_replay_that_may_go_well_later_is_503_and_goes_on_by_itself(
    before: Outcome,
) -> None:
    box, letter_id = await parked(before)
    box.service.outcome = Retry("busy")

    reply = await box.ask("POST", f"/{letter_id}/replay")

    assert problem(reply) == (503, "In vain: busy", "RETRYING")
    assert reply.headers["retry-after"] == "2"
    box.service.outcome = Done()
    await box.desk.elapse(120)
    assert (box.stored, box.indexed, box.desk.jobs) == ({letter_id: Status.HANDLED}, {}, [])
    assert len(box.service.given) == 3


@in_virtual_time
async def test_a_replay_of_a_handled_letter_says_so_and_does_nothing() -> None:
    box, letter_id = await parked()
    box.service.outcome = Done()
    first = await box.ask("POST", f"/{letter_id}/replay")
    box.service.outcome = RuntimeError("never to be called")

    again = await box.ask("POST", f"/{letter_id}/replay")

    assert (again.status, json.loads(again.body)) == (200, json.loads(first.body))
    assert len(box.service.given) == 2


@in_virtual_time
async def test_a_discarded_letter_is_not_replayed() -> None:
    box, letter_id = await parked()
    await box.ask("POST", f"/{letter_id}/discard", DISCARD)

    reply = await box.ask("POST", f"/{letter_id}/replay")

    assert problem(reply) == (409, "The letter has been discarded.", "DISCARDED")
    assert len(box.service.given) == 1


@in_virtual_time
async def test_a_letter_that_was_cut_is_not_replayed() -> None:
    box, letter_id = await parked(body=CUT)

    reply = await box.ask("POST", f"/{letter_id}/replay")

    assert problem(reply) == (409, "It was too large to be kept whole.", "WAITING")
    assert len(box.service.given) == 1


@in_virtual_time
async def test_a_cut_letter_is_never_handled_in_part() -> None:
    """What cannot be kept whole is a person's business, even where it might pass later."""
    box = await LetterBox(Service(Retry("busy")), HASTY).start()
    await box.receive(CUT)

    await box.desk.elapse(60)
    box.service.outcome = Done()
    await box.desk.dapr.settle()

    assert list(box.stored.values()) == [Status.WAITING]
    assert {event.data.lamp_id for event, _ in box.service.given} == {"x" * BODY_LIMIT}


@pytest.mark.parametrize(
    ("method", "rest"), [("GET", ""), ("POST", "/replay"), ("POST", "/discard")]
)
@pytest.mark.parametrize("letter_id", ["unknown", "a%7C%7Cb", "%00", "..", "주문"])
@in_virtual_time
async def test_a_letter_that_does_not_exist_is_404(method: str, rest: str, letter_id: str) -> None:
    box = await LetterBox().start()

    reply = await box.ask(method, f"/{letter_id}{rest}", DISCARD)

    assert problem(reply) == (404, "There is no such dead letter.", None)
    assert dict(box.desk.sidecar.documents) == {}


@pytest.mark.parametrize("outcome", [HOPELESS, Retry("busy")])
@in_virtual_time
async def test_a_discarded_letter_has_no_effect_and_tells_who_and_why(outcome: Outcome) -> None:
    box, letter_id = await parked(outcome)

    with capture_logs() as lines:
        reply = await box.ask("POST", f"/{letter_id}/discard", DISCARD)

    told = json.loads(reply.body)
    assert (reply.status, told["status"], told["retry_at"]) == (200, "DISCARDED", None)
    assert (told["discarded_by"], told["discarded_because"]) == ("olga", "a test of theirs")
    assert [line for line in lines if line["event"] == "dead letter discarded"] == [
        {
            "event": "dead letter discarded",
            "log_level": "warning",
            "letter": letter_id,
            "by": "olga",
            "because": "a test of theirs",
        }
    ]
    await box.desk.elapse(120)
    assert (box.indexed, box.desk.jobs, len(box.service.given)) == ({}, [], 1)


@in_virtual_time
async def test_to_discard_it_again_is_the_same_and_keeps_the_first_reason() -> None:
    box, letter_id = await parked()
    first = await box.ask("POST", f"/{letter_id}/discard", DISCARD)

    again = await box.ask("POST", f"/{letter_id}/discard", {"reason": "another"})

    assert (again.status, json.loads(again.body)) == (200, json.loads(first.body))


@in_virtual_time
async def test_a_handled_letter_cannot_be_discarded() -> None:
    box, letter_id = await parked()
    box.service.outcome = Done()
    await box.ask("POST", f"/{letter_id}/replay")

    reply = await box.ask("POST", f"/{letter_id}/discard", DISCARD)

    assert problem(reply) == (409, "Not now: it has been handled.", "HANDLED")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {**DISCARD, "x": 1}])
@in_virtual_time
async def test_to_discard_needs_a_reason_of_some_length(body: dict[str, str]) -> None:
    box, letter_id = await parked()

    reply = await box.ask("POST", f"/{letter_id}/discard", body)

    assert reply.status == 422
    assert box.stored == {letter_id: Status.WAITING}


@pytest.mark.parametrize("verbs", [("get",), ("save",), ("schedule",)])
@in_virtual_time
async def test_a_replay_that_cannot_be_stored_is_503_and_may_be_sent_again(
    verbs: tuple[str, ...],
) -> None:
    box, letter_id = await parked()
    box.service.outcome = Retry("busy")
    box.desk.sidecar.hook = away(*verbs)

    assert (await box.ask("POST", f"/{letter_id}/replay")).status == 503

    assert box.stored == {letter_id: Status.WAITING}
    box.desk.sidecar.hook, box.service.outcome = None, Done()
    await box.desk.elapse(AWAY_FOR.total_seconds())
    assert (await box.ask("POST", f"/{letter_id}/replay")).status == 200
    await box.desk.elapse(60)
    assert (box.desk.jobs, len(box.service.given)) == ([], 3 - (verbs == ("get",)))


@pytest.mark.parametrize("rest", ["/replay", "/discard"])
@in_virtual_time
async def test_what_could_not_be_struck_out_is_struck_out_by_the_second_request(rest: str) -> None:
    box, letter_id = await parked()
    box.service.outcome = Done()

    def no_index(verb: str, phase: str, what: str) -> None:
        if what.startswith("dead-letters:"):
            away("save")(verb, phase, what)

    box.desk.sidecar.hook = no_index
    assert (await box.ask("POST", f"/{letter_id}{rest}", DISCARD)).status == 503
    assert letter_id in box.indexed

    box.desk.sidecar.hook = None
    assert (await box.ask("POST", f"/{letter_id}{rest}", DISCARD)).status == 200
    assert (box.indexed, len(box.service.given)) == ({}, 1 + (rest == "/replay"))
