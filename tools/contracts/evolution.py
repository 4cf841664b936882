"""What a schema may become inside a version: optional fields may be added, nothing else.

Anything else breaks a reader written for the older schema, or makes an event that is still in the
broker wrong for a reader of the newer one. Such a change is a new version: a topic beside the old.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, cast

Json = dict[str, Any]
_ANNOTATIONS: Final = {"$defs", "$id", "$schema", "default", "description", "examples", "title"}


def breaking_changes(old_schema: Json, new_schema: Json) -> list[str]:
    """Return one line per break, beginning with the field's path; [] when there is none.

    Both are JSON Schemas as pydantic writes them: `$ref` points into `$defs`, nothing is recursive.
    Titles, descriptions, defaults and the names of definitions do not count.
    """
    old, new = (_resolved(each, each.get("$defs", {})) for each in (old_schema, new_schema))
    return list(_breaks(old, new, "data"))


def _breaks(old: Json, new: Json, at: str) -> Iterator[str]:
    compared = [name for name in _COMPARISONS if name in old and name in new]
    for name in compared:
        yield from _COMPARISONS[name](old, new, at)
    done = {*compared, *(("required",) if "properties" in compared else ())}
    before, after = ({k: v for k, v in each.items() if k not in done} for each in (old, new))
    if before != after:
        yield f"{at}: {_text(before)} became {_text(after)}"


def _fields(old: Json, new: Json, at: str) -> Iterator[str]:
    before, after = old["properties"], new["properties"]
    was_always, is_always = (set(each.get("required", ())) for each in (old, new))
    for name in before | after:
        path = f"{at}.{name}"
        if name not in after:
            yield f"{path}: removed"
        elif name in is_always - was_always:
            yield f"{path}: is required, and older events may lack it"
        elif name in was_always - is_always:
            yield f"{path}: was in every event, is optional"
        if name in before and name in after:
            yield from _breaks(before[name], after[name], path)


def _elements(old: Json, new: Json, at: str) -> Iterator[str]:
    yield from _breaks(old["items"], new["items"], f"{at}[]")


def _alternatives(old: Json, new: Json, at: str) -> Iterator[str]:
    if len(old["anyOf"]) != len(new["anyOf"]):
        yield f"{at}: {_text(old['anyOf'])} became {_text(new['anyOf'])}"
        return
    for before, after in zip(old["anyOf"], new["anyOf"], strict=True):
        yield from _breaks(before, after, at)


def _values(old: Json, new: Json, at: str) -> Iterator[str]:
    before, after = set(old["enum"]), set(new["enum"])
    for value in sorted(after - before, key=str):
        yield f"{at}: may be {value}, which readers do not know"
    for value in sorted(before - after, key=str):
        yield f"{at}: may no longer be {value}"


def _text(part: object) -> str:
    return json.dumps(part, sort_keys=True)


_COMPARISONS: Final = {
    "properties": _fields,
    "items": _elements,
    "anyOf": _alternatives,
    "enum": _values,
}


def _resolved(node: Any, definitions: Json) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Return the node with its references replaced and its annotations left out."""
    if isinstance(node, list):
        return [_resolved(each, definitions) for each in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = cast("Json", node)
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {
        name: {field: _resolved(each, definitions) for field, each in value.items()}
        if name == "properties"
        else _resolved(value, definitions)
        for name, value in schema.items()
        if name not in _ANNOTATIONS
    }
