"""The AsyncAPI document has the shape that AsyncAPI 3.0.0 prescribes for the parts it uses.

AsyncAPI's own JSON Schema comes with no package of this toolchain, so the rules are stated here,
stricter than there: a field that the document does not use yet is not allowed.
"""

import copy
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator, ValidationError, validate

from tests.contract.committed import ASYNCAPI, Json

TEXT: Final = {"type": "string", "minLength": 1}
KEY: Final = r"^[\w.-]+$"


def closed(**fields: Json) -> Json:
    """Return an object that has these fields, all of them, and no other."""
    return {
        "type": "object",
        "properties": fields,
        "required": [*fields],
        "additionalProperties": False,
    }


def mapping(of: Json) -> Json:
    """Return a non-empty map from names, as AsyncAPI allows them, to `of`."""
    names = {"pattern": KEY}
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": names,
        "additionalProperties": of,
    }


def reference(into: str) -> Json:
    """Return a reference into a part of the document."""
    return closed(**{"$ref": {"type": "string", "pattern": f"^#/{into}/"}})


DOCUMENT: Final = closed(
    asyncapi={"const": "3.0.0"},
    info=closed(title=TEXT, version=TEXT, description=TEXT),
    defaultContentType={"const": "application/cloudevents+json"},
    channels=mapping(closed(address=TEXT, messages=mapping(reference("components/messages")))),
    operations=mapping(
        closed(
            action={"enum": ["send", "receive"]},
            channel=reference("channels"),
            tags={"type": "array", "minItems": 1, "uniqueItems": True, "items": closed(name=TEXT)},
        )
    ),
    components=closed(
        messages=mapping(
            closed(name=TEXT, title=TEXT, summary=TEXT, payload={"type": "object"}),
        ),
        schemas=mapping({"type": "object"}),
    ),
)


def check(document: Json) -> None:
    """Raise `ValidationError` where the document has another shape."""
    validate(document, DOCUMENT, Draft202012Validator)


def test_the_document_has_the_shape_of_asyncapi_3() -> None:
    check(ASYNCAPI)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("info", None),
        ("info.license", "Apache-2.0"),
        ("asyncapi", "2.6.0"),
        ("operations.*.action", "shout"),
        ("channels.*.adress", "x"),
        ("channels.a/b", {"address": "a/b"}),
        ("components.messages.*.payload", None),
    ],
)
def test_another_shape_is_seen(path: str, value: Any) -> None:
    document = copy.deepcopy(ASYNCAPI)
    *parents, name = path.split(".")
    part = document
    for parent in parents:
        part = part[parent if parent != "*" else next(iter(part))]

    if value is None:
        del part[name]
    else:
        part[name] = value

    with pytest.raises(ValidationError):
        check(document)
