"""The AsyncAPI document holds together, and what it describes is what is published.

Its shape is checked in test_asyncapi_shape.py.
"""

import pytest
from jsonschema import Draft202012Validator, ValidationError, validate
from referencing import Resource
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

from tests.contract.committed import ASYNCAPI, EXAMPLES, SCHEMAS, Example, Json, objects_in
from tools.contracts.generate import SCHEMA_ID
from tools.contracts.services import SERVICES

HOME = f"{SCHEMA_ID.removesuffix('/events')}/asyncapi.yaml"
REGISTRY = EMPTY_REGISTRY.with_resources(
    (uri, Resource(contents, DRAFT202012))
    for uri, contents in {
        HOME: ASYNCAPI,
        **{f"{SCHEMA_ID}/{topic}.schema.json": schema for topic, schema in SCHEMAS.items()},
    }.items()
)


def check(event: Json, topic: str) -> None:
    """Validate a whole event as the message of a topic, references into files included."""
    payload = {"$ref": f"{HOME}#/components/messages/{topic}/payload"}
    validate(event, payload, Draft202012Validator, registry=REGISTRY)


def test_it_is_asyncapi_3_and_every_reference_leads_somewhere() -> None:
    resolver = REGISTRY.resolver(HOME)
    references = {each["$ref"] for each in objects_in(ASYNCAPI) if "$ref" in each}

    found = {reference: resolver.lookup(reference).contents for reference in references}

    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert all(found.values())
    assert {f"./events/{topic}.schema.json" for topic in SCHEMAS} <= references


def test_every_operation_is_a_service_s_that_says_or_hears_the_topic() -> None:
    operations = {
        (each["tags"][0]["name"], each["action"], each["channel"]["$ref"])
        for each in ASYNCAPI["operations"].values()
    }

    said = {(s.app_id, "send", f"#/channels/{t}") for s in SERVICES for t in s.says()}
    heard = {(s.app_id, "receive", f"#/channels/{t}") for s in SERVICES for t in s.hears()}
    assert operations == said | heard


def test_a_channel_is_a_topic_and_carries_the_message_of_that_name() -> None:
    for name, channel in ASYNCAPI["channels"].items():
        [message] = channel["messages"].values()

        assert channel["address"] == name
        assert message == {"$ref": f"#/components/messages/{name}"}
    assert ASYNCAPI["channels"].keys() == ASYNCAPI["components"]["messages"].keys()


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_whole_published_event_is_valid_as_the_message_of_its_channel(example: Example) -> None:
    check(example.event, example.topic)


@pytest.mark.parametrize("change", [{"type": "cafe.Another.v1"}, {"data": {}}, {"subject": 1}])
def test_another_event_is_not_valid_as_that_message(change: Json) -> None:
    example = EXAMPLES[0]

    with pytest.raises(ValidationError):
        check(example.event | change, example.topic)
