"""Of any bytes that arrive something can be told; the same ones are always the same letter."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_kit.dead_letters import read
from cafe_kit.letters import BODY_LIMIT, SHOWN_OF_LARGE
from kit.tests.lamp_events import LIT, lit

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(LIT)), inner),
    max_leaves=8,
)
LONG = "x" * 300


@given(st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_whatever_arrives_can_be_read(body: bytes) -> None:
    message = read(body)

    assert message == read(body)
    assert message.body == body.decode(errors="replace")
    assert message.whole
    assert json.loads(json.dumps(message.body)) == message.body
    message.letter_id.encode()


def test_an_event_is_known_by_its_topic_id_and_subject() -> None:
    message = read(lit())

    assert (message.topic, message.event_id, message.subject) == (
        "lamp.Lit.v1",
        "event-1",
        "lamp-1",
    )


def test_an_event_without_a_topic_is_taken_for_what_its_type_says() -> None:
    assert read(lit(topic=...)).topic == "lamp.Lit.v1"
    assert read(lit(topic="lamp.Dark.v1")).topic == "lamp.Dark.v1"


@pytest.mark.parametrize("value", [None, 7, [], {}, True])
def test_what_is_no_text_is_not_told(value: object) -> None:
    message = read(lit(topic=value, type=value, id=value, subject=value))

    assert (message.topic, message.event_id, message.subject) == ("", "", "")


def test_the_same_event_delivered_another_way_is_the_same_letter() -> None:
    """The sidecar's trace in it differs from delivery to delivery."""
    again = read(lit(traceparent=f"00-{'4b' * 16}-{'b7' * 8}-01"))

    assert again.letter_id == read(lit()).letter_id


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "event-2"},
        {"topic": "lamp.Dark.v1"},
        {"source": "another-svc"},
        {"id": LONG + "1"},
        {"id": ...},
    ],
)
def test_another_event_is_another_letter(changes: dict[str, Any]) -> None:
    others = {read(lit()).letter_id, read(lit(id=LONG + "2")).letter_id}

    assert read(lit(**changes)).letter_id not in others


def test_without_an_id_another_text_is_another_letter() -> None:
    bodies = [b"", b"{", b"[]", b"\xff", b"\xfe", b"{}", lit(id=...), lit(id=..., subject="lamp-2")]

    assert len({read(body).letter_id for body in bodies}) == len(bodies)


@pytest.mark.parametrize("letter", ["x", "ü", "😀"])
def test_a_text_is_kept_whole_up_to_its_limit_in_characters(letter: str) -> None:
    at_limit, over = (
        read((letter * BODY_LIMIT).encode()),
        read((letter * (BODY_LIMIT + 1)).encode()),
    )

    assert (at_limit.whole, at_limit.size, len(at_limit.body)) == (True, BODY_LIMIT, BODY_LIMIT)
    assert (over.whole, over.size, over.body) == (
        False,
        BODY_LIMIT + 1,
        letter * SHOWN_OF_LARGE,
    )


def test_long_names_are_cut() -> None:
    message = read(lit(topic=LONG, id=LONG, subject=LONG))

    assert {len(text) for text in (message.topic, message.event_id, message.subject)} == {200}
