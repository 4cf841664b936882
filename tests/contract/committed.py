"""The files of `contracts/` as data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts"
Json = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A committed CloudEvent, and the story it comes from."""

    topic: str
    story: str
    event: Json

    def __str__(self) -> str:
        return f"{self.topic}-{self.story}"


EXAMPLES = [
    Example(path.parent.name, path.stem, json.loads(path.read_text()))
    for path in sorted(CONTRACTS.glob("examples/*/*.json"))
]
SCHEMAS: dict[str, Json] = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text())
    for path in sorted(CONTRACTS.glob("events/*.schema.json"))
}
OPENAPI: dict[str, Json] = {
    path.stem: json.loads(path.read_text()) for path in sorted(CONTRACTS.glob("openapi/*.json"))
}
ASYNCAPI = cast("Json", yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text()))


def objects_in(node: object) -> Iterator[Json]:
    """Return every object of a JSON document, the document itself first."""
    if isinstance(node, dict):
        found = cast("Json", node)
        yield found
        for value in found.values():
            yield from objects_in(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from objects_in(value)
