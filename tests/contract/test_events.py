"""Every committed event: valid against its schema, well formed, and readable by all who hear it."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator, validate

from cafe_kit.events import CloudEvent, Received, event_id
from cafe_kit.subscriptions import Reaction
from tests.contract.committed import EXAMPLES, SCHEMAS, Example, Json, objects_in
from tools.contracts.services import SERVICES

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
COUNTS = {"version", "quantity", "attempts"}
HEARD = [
    pytest.param(reaction, id=f"{service.app_id}-{reaction.hears.TOPIC}")
    for service in SERVICES
    for reaction in service.reactions
    if not reaction.by_each
]
PRODUCER = {topic: service.app_id for service in SERVICES for topic in service.says()}
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=str)
each_topic = pytest.mark.parametrize("topic", SCHEMAS)


@each_topic
def test_a_schema_is_valid_json_schema_and_allows_no_field_it_does_not_name(topic: str) -> None:
    schema = SCHEMAS[topic]

    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f"/{topic}.schema.json")
    assert schema["description"]
    shapes = [each for each in objects_in(schema) if "properties" in each]
    assert shapes
    assert all(each["additionalProperties"] is False for each in shapes)


@each_topic
def test_an_event_begins_with_whose_it_is_and_how_far_that_one_has_come(topic: str) -> None:
    head = ["order_id", "customer_id", "cafe_id", "version", "status", "occurred_at"]

    assert list(SCHEMAS[topic]["properties"])[: len(head)] == head
    assert set(head) <= set(SCHEMAS[topic]["required"])


@each_topic
def test_no_number_of_an_event_is_a_fraction_and_every_time_says_so(topic: str) -> None:
    for each in objects_in(SCHEMAS[topic]):
        assert each.get("type") != "number"
        for name, field in each.get("properties", {}).items():
            if name.endswith("_at"):
                assert field["format"] == "date-time", name


@each_example
def test_an_example_is_an_envelope_around_valid_data(example: Example) -> None:
    envelope = CloudEvent.model_validate(example.event)

    validate(example.event["data"], SCHEMAS[example.topic], Draft202012Validator)
    assert example.event.keys() == CloudEvent.model_fields.keys()
    assert envelope.type == example.topic
    assert envelope.source == PRODUCER[example.topic]
    assert envelope.subject == envelope.correlationid == example.event["data"]["order_id"]


@each_example
def test_the_id_follows_from_the_step(example: Example) -> None:
    event = example.event

    again = event_id(event["subject"], event["source"], event["data"]["version"], event["type"])

    assert event["id"] == again


@each_example
def test_the_cause_is_an_event_of_the_same_story_or_a_named_command(example: Example) -> None:
    story = {each.event["id"] for each in EXAMPLES if each.story == example.story}
    cause = example.event["causationid"]

    assert cause != example.event["id"]
    assert cause in story or re.fullmatch(r"(place|command|cancel|refund):[\w:-]+", cause)


@each_example
def test_money_is_whole_minor_units_and_a_currency_and_no_other_number_is_left(
    example: Example,
) -> None:
    for each in objects_in(example.event["data"]):
        money = "currency" in each
        if money:
            assert each.keys() == {"amount", "currency"}
            assert re.fullmatch("[A-Z]{3}", each["currency"])
        numbers = {name for name, value in each.items() if isinstance(value, int | float)}
        assert numbers <= ({"amount"} if money else COUNTS)
        assert all(type(each[name]) is int for name in numbers)


@each_example
def test_times_are_rfc_3339_in_utc(example: Example) -> None:
    fields = [*example.event.items(), *example.event["data"].items()]
    times = {name: value for name, value in fields if name == "time" or name.endswith("_at")}

    assert times.keys() >= {"time", "occurred_at"}
    assert [value for value in times.values() if not RFC_3339_UTC.fullmatch(value)] == []
    assert times["time"] == times["occurred_at"]


@pytest.mark.parametrize("reaction", HEARD)
def test_a_view_reads_every_example_of_what_it_hears_with_or_without_later_additions(
    reaction: Reaction[Any, Any],
) -> None:
    codec = Received[reaction.hears]
    heard = [each.event for each in EXAMPLES if each.topic == reaction.hears.TOPIC]
    assert heard

    for event in heard:
        later: Json = event | {"new": 1, "data": event["data"] | {"new": {"x": [1.5]}}}

        assert codec.model_validate(event) == codec.model_validate(later)
