"""The files of `components/` as data."""

import re
from pathlib import Path
from typing import Any, cast

import yaml

FOLDER = Path(__file__).parents[2] / "components"
Resource = dict[str, Any]

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0}


def read_all() -> list[Resource]:
    """Return every resource; raises ValueError if a file holds more or less than one."""
    found: list[Resource] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        [resource] = cast("list[Resource]", list(yaml.safe_load_all(path.read_text())))
        found.append(resource)
    return found


def of_kind(kind: str, type_prefix: str = "") -> dict[str, Resource]:
    """Return the resources of a kind by name, Components of one type only if asked."""
    return {
        resource["metadata"]["name"]: resource
        for resource in read_all()
        if resource["kind"] == kind and resource["spec"].get("type", "").startswith(type_prefix)
    }


def settings(component: Resource) -> dict[str, str]:
    """Return the metadata of a component as `name -> value`, or the name of what has the value."""
    items = component["spec"]["metadata"]
    return {item["name"]: item.get("value") or item["envRef"] for item in items}


def topic_scopes(component: Resource, direction: str) -> dict[str, set[str]]:
    """Return `app-id -> topics` of publishingScopes or subscriptionScopes, read as daprd does."""
    text = settings(component)[direction].replace(" ", "")
    rows = (row.split("=") for row in text.split(";"))
    return {app_id: set(topics.split(",")) for app_id, topics in rows}


def seconds(duration: str) -> float:
    """Read a duration with its unit, such as 500ms or 40s."""
    match = re.fullmatch(r"(\d+)(ms|s|m)", duration)
    if match is None:
        raise ValueError(f"{duration!r} is no duration with a unit")
    return int(match[1]) * UNITS_S[match[2]]


def longest_pauses_s(retry: Resource) -> float:
    """Return the time between the first and the last call of an exponential retry, at most.

    The first pause is 500 ms on average and the others `maxInterval` (daprd grows them by half
    each time up to it); every one is up to half as long again.
    """
    if retry["policy"] != "exponential":
        raise ValueError("only an exponential retry has random pauses")
    return 1.5 * (0.5 + (retry["maxRetries"] - 1) * seconds(retry["maxInterval"]))


def trip_count(breaker: Resource) -> int:
    """Return after how many failures in a row the breaker opens."""
    match = re.fullmatch(r"consecutiveFailures >= (\d+)", breaker["trip"])
    if match is None:
        raise ValueError(f"{breaker['trip']!r} counts something else")
    return int(match[1])
