"""Events: filled from the state, wrapped as CloudEvents, with ids that never change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cafe_kit.aggregate import Document
from cafe_kit.events import Cause, CloudEvent, Head, Received, View, envelope, event_id, event_of
from kit.tests.lamp import NOW, Installed, Lamp, Lit, Status

ON = Lamp("lamp-1", Status.ON, 3)
HEAD = Head(4, NOW)
NAME = st.text("ab1-.:", min_size=1, max_size=3)
STEPS = st.tuples(NAME, NAME, st.integers(1, 12), NAME)


class LitView(View):
    """What somebody reads of a Lit event."""

    TOPIC = Lit.TOPIC

    lamp_id: str
    presses: int


def lit() -> CloudEvent:
    return envelope(
        event_of(Lit, ON, HEAD), source="lamp-svc", subject="lamp-1", head=HEAD, cause=Cause("c")
    )


def test_an_event_takes_its_fields_from_the_state_and_its_head() -> None:
    assert event_of(Lit, ON, HEAD) == Lit(
        lamp_id="lamp-1", version=4, status=Status.ON, occurred_at=NOW, presses=3
    )


def test_a_field_that_the_state_does_not_have_is_a_bug() -> None:
    class Bright(Installed):
        lumen: int

    with pytest.raises(AttributeError, match="lumen"):
        event_of(Bright, ON, HEAD)


def test_the_same_step_always_has_the_same_id() -> None:
    """Pinned: another id for an old step would make every consumer handle it twice."""
    assert (
        event_id("lamp-1", "lamp-svc", 4, "lamp.Lit.v1") == "236de1ff-be0c-5385-98a3-2e48ce0d6fe8"
    )


@given(one=STEPS, other=STEPS)
def test_other_steps_have_other_ids(
    one: tuple[str, str, int, str], other: tuple[str, str, int, str]
) -> None:
    assert (event_id(*one) == event_id(*other)) == (one == other)


def test_an_envelope_correlates_by_subject_and_names_its_cause() -> None:
    event = lit()

    assert event.id == event_id("lamp-1", "lamp-svc", 4, Lit.TOPIC)
    assert (event.type, event.source, event.subject) == (Lit.TOPIC, "lamp-svc", "lamp-1")
    assert (event.correlationid, event.causationid, event.time) == ("lamp-1", "c", NOW)


def test_no_envelope_has_a_trace_attribute() -> None:
    """A wrongly typed one kills the subscribing daprd."""
    assert not [name for name in lit().model_dump() if name.startswith("trace")]


def test_a_consumer_reads_its_view_and_ignores_the_rest() -> None:
    received = Received[LitView].model_validate_json(lit().model_dump_json())

    assert received == Received[LitView](
        specversion="1.0",
        id=lit().id,
        type=Lit.TOPIC,
        source="lamp-svc",
        subject="lamp-1",
        time=NOW,
        data=LitView(lamp_id="lamp-1", presses=3),
    )


def test_an_event_says_nothing_that_its_schema_does_not_have() -> None:
    with pytest.raises(ValidationError):
        Installed.model_validate(
            {"lamp_id": "l", "version": 1, "status": "ON", "occurred_at": NOW, "more": 1}
        )


def test_what_cannot_be_read_is_not_shown_in_the_error() -> None:
    """A document or an event may carry what must not stand in a log line."""
    secret = b'{"specversion":"1.0","id":5,"data":{"token":"tok_secret"}}'

    for model in (CloudEvent, Received[View], Document[str]):
        with pytest.raises(ValidationError) as failure:
            model.model_validate_json(secret)

        assert "tok_secret" not in f"{failure.value} {failure.value!r}"
