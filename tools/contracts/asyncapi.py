"""AsyncAPI 3.0: topics are channels, and each service has one operation per topic it uses."""

from typing import Any, Final

from cafe_kit.events import CloudEvent, Event
from tools.contracts.services import SERVICES, Service

Json = dict[str, Any]
VERSION: Final = "0.1.0"
_ABOUT: Final = (
    "What the services say and hear, as one document: each operation is tagged with its service. "
    "Events are CloudEvents 1.0 in structured JSON. A topic is named like the `type` of its "
    "events, and its last part is their version. A step of an aggregate always has the same `id`, "
    "so a reader can tell a repetition; `data.version` rises with every step, so a reader can keep "
    "the newest. Readers ignore fields they do not know. On delivery Dapr adds attributes of its "
    "own, `traceparent` among them."
)


def asyncapi() -> Json:
    """Return the document; `data` of each message is a `$ref` to its schema file."""
    said = {topic: event for service in SERVICES for topic, event in service.says().items()}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Cafe events", "version": VERSION, "description": _ABOUT},
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic: _channel(topic, said[topic]) for topic in sorted(said)},
        "operations": _operations(),
        "components": {
            "messages": {topic: _message(topic, said[topic]) for topic in sorted(said)},
            "schemas": {"CloudEvent": _cloud_event()},
        },
    }


def _channel(topic: str, event: type[Event]) -> Json:
    messages = {event.__name__: {"$ref": f"#/components/messages/{topic}"}}
    return {"address": topic, "messages": messages}


def _operations() -> Json:
    found: Json = {}
    for service in SERVICES:
        for action, topics in (("send", [*service.says()]), ("receive", service.hears())):
            for topic in topics:
                found[f"{service.app_id}.{action}.{topic}"] = _operation(service, action, topic)
    return found


def _operation(service: Service, action: str, topic: str) -> Json:
    channel = {"$ref": f"#/channels/{topic}"}
    return {"action": action, "channel": channel, "tags": [{"name": service.app_id}]}


def _message(topic: str, event: type[Event]) -> Json:
    data = {"$ref": f"./events/{topic}.schema.json"}
    own = {"type": "object", "properties": {"type": {"const": topic}, "data": data}}
    return {
        "name": topic,
        "title": event.__name__,
        "summary": event.__doc__,
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, own]},
    }


def _cloud_event() -> Json:
    """Return the envelope; every attribute is always written, also one with a default."""
    fields = CloudEvent.model_json_schema(mode="serialization")["properties"]
    fields["data"] = {"description": "The event's own fields.", "type": "object"}
    return {
        "description": "The envelope that all events share.",
        "type": "object",
        "properties": fields,
        "required": [*fields],
    }
