"""Inside a version an event may gain optional fields; everything else is named as a break.

The older schema stands for readers that exist, the newer one for what they will get to read.
"""

from copy import deepcopy
from typing import Any

import pytest

from tools.contracts.evolution import breaking_changes

Json = dict[str, Any]
OLD: Json = {
    "title": "Parcel",
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "state", "lines"],
    "properties": {
        "id": {"type": "string", "title": "Id"},
        "state": {"enum": ["SENT"], "type": "string"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "note": {"anyOf": [{"$ref": "#/$defs/Note"}, {"type": "null"}], "default": None},
        "title": {"type": "string"},
    },
    "$defs": {
        "Line": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]},
        "Note": {"type": "object", "properties": {"text": {"type": "string"}}},
    },
}


def changed(*path: str, **values: object) -> Json:
    """Return OLD with `values` set in the object at `path`; a value None deletes the key."""
    new = deepcopy(OLD)
    place = new
    for name in path:
        place = place[name]
    for name, value in values.items():
        if value is None:
            del place[name]
        else:
            place[name] = value
    return new


def test_nothing_changed_breaks_nothing() -> None:
    assert breaking_changes(OLD, deepcopy(OLD)) == []


@pytest.mark.parametrize(
    "new",
    [
        changed("properties", colour={"type": "string", "default": "red"}),
        changed("$defs", "Line", "properties", count={"type": "integer"}),
        changed("$defs", "Note", "properties", language={"type": "string"}),
        changed("properties", "id", title="Number", description="printed on it"),
        changed(title="Box", description="renamed"),
    ],
    ids=["field", "field of an element", "field of an alternative", "text of a field", "text"],
)
def test_an_optional_addition_and_other_words_break_nothing(new: Json) -> None:
    assert breaking_changes(OLD, new) == []


def test_another_name_of_a_definition_breaks_nothing() -> None:
    new = changed("properties", lines={"type": "array", "items": {"$ref": "#/$defs/Row"}})
    new["$defs"]["Row"] = new["$defs"].pop("Line")

    assert breaking_changes(OLD, new) == []


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (changed("properties", id=None), "data.id: removed"),
        (changed("properties", title=None), "data.title: removed"),
        (changed(required=["id", "state"]), "data.lines: was in every event, is optional"),
        (
            changed(required=["id", "state", "lines", "note"]),
            "data.note: is required, and older events may lack it",
        ),
        (
            changed("properties", id={"type": "integer"}),
            'data.id: {"type": "string"} became {"type": "integer"}',
        ),
        (
            changed("properties", id={"anyOf": [{"type": "string"}, {"type": "null"}]}),
            'data.id: {"type": "string"} became {"anyOf": [{"type": "string"}, {"type": "null"}]}',
        ),
        (
            changed("properties", "id", format="uuid"),
            'data.id: {"type": "string"} became {"format": "uuid", "type": "string"}',
        ),
        (
            changed("properties", "state", enum=["SENT", "LOST"]),
            "data.state: may be LOST, which readers do not know",
        ),
        (
            changed("properties", "state", enum=["LOST"]),
            "data.state: may no longer be SENT",
        ),
        (changed("$defs", "Line", "properties", sku=None), "data.lines[].sku: removed"),
        (
            changed("$defs", "Line", required=[]),
            "data.lines[].sku: was in every event, is optional",
        ),
        (changed("$defs", "Note", "properties", text=None), "data.note.text: removed"),
        (
            changed("properties", "note", anyOf=[{"type": "null"}]),
            'became [{"type": "null"}]',
        ),
        (changed(additionalProperties=None), '{"additionalProperties": false, "type": "object"}'),
    ],
)
def test_everything_else_is_named(new: Json, expected: str) -> None:
    assert any(expected in line for line in breaking_changes(OLD, new)), breaking_changes(OLD, new)


def test_a_new_field_that_every_event_must_have_is_named() -> None:
    new = changed("properties", colour={"type": "string"})
    new["required"] = [*OLD["required"], "colour"]

    found = breaking_changes(OLD, new)

    assert found == ["data.colour: is required, and older events may lack it"]
