"""What is stored of an aggregate, and what a change came to."""

import pytest
from pydantic import ValidationError

from cafe_kit.aggregate import Document, Entry, Loaded, Unpublished, Updated, Verdict, outcome_of
from cafe_kit.events import Cause
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome
from cafe_kit.reminders import Reminder
from cafe_kit.sidecar import Unavailable
from kit.tests.lamp import NOW, Lamp, Status

OFF = Lamp("lamp-1", Status.OFF)
PRESS = Entry(cause_id="press-1", write_id="w-1", events=())
DOCUMENT = Document[Lamp](
    state=OFF,
    version=1,
    journal=(PRESS,),
    unarmed=(Reminder(kind="lamp.check", id="lamp-1", due=NOW),),
)


def test_a_document_reads_back_as_it_was_written() -> None:
    assert Document[Lamp].model_validate_json(DOCUMENT.model_dump_json()) == DOCUMENT


def test_a_document_from_before_reminders_were_remembered_is_read() -> None:
    old = DOCUMENT.model_dump_json(exclude={"unarmed"})

    assert Document[Lamp].model_validate_json(old) == DOCUMENT.model_copy(update={"unarmed": ()})


def test_a_document_from_before_entries_knew_their_writer_is_read() -> None:
    old = DOCUMENT.model_dump_json(exclude={"journal": {"__all__": {"write_id"}}})

    [entry] = Document[Lamp].model_validate_json(old).journal
    assert (entry.cause_id, entry.write_id) == ("press-1", "")


def test_a_document_that_cannot_be_read_shows_nothing_of_itself() -> None:
    with pytest.raises(ValidationError) as caught:
        Document[Lamp].model_validate_json('{"state":{"lamp_id":"secret","status":7}}')

    assert "secret" not in str(caught.value)


def test_an_input_is_found_by_its_cause() -> None:
    loaded = Loaded(DOCUMENT, "7")

    assert loaded.entry_of(Cause("press-1")) == PRESS
    assert loaded.entry_of(Cause("press-2")) is None


@pytest.mark.parametrize("verdict", Verdict)
def test_only_a_move_has_changed_the_state(verdict: Verdict) -> None:
    assert Updated(verdict, OFF, 1).moved is (verdict is Verdict.MOVED)


def test_what_is_not_out_yet_may_be_sent_again_and_tells_what_was_stored() -> None:
    updated = Updated(Verdict.MOVED, OFF, 1)

    error = Unpublished(updated, "the broker is away")

    assert isinstance(error, Unavailable)
    assert (str(error), error.updated) == ("stored, but not published: the broker is away", updated)


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.MOVED, Done()),
        (Verdict.DUPLICATE, Duplicate()),
        (Verdict.IGNORED, Duplicate()),
        (Verdict.REFUSED, Drop("why")),
        (Verdict.IMPOSSIBLE, Drop("why")),
    ],
)
def test_every_verdict_has_an_answer_for_the_broker(verdict: Verdict, outcome: Outcome) -> None:
    assert outcome_of(Updated(verdict, OFF, 1, "why")) == outcome
