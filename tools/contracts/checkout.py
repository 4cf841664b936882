"""What the checkout holds of the generated files, and bringing it up to date.

Nothing is written over a break: say it as a new version of the event or, where no reader can exist
yet, delete the committed files that it contradicts, and write again.
"""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validate

from tools.contracts.evolution import breaking_changes
from tools.contracts.generate import Contracts

Json = dict[str, Any]


def compare(root: Path, fresh: Contracts) -> int:
    """Print what is out of date or breaks readers; return the exit code."""
    broken, different = breaks(root, fresh), differences(root, fresh)
    for line in broken:
        print(f"BREAKS READERS  {line}")
    for line in different:
        print(f"OUT OF DATE     {line}")
    return 1 if broken or different else 0


def update(root: Path, fresh: Contracts) -> int:
    """Write, unless it would break readers; return the exit code."""
    broken = breaks(root, fresh)
    for line in broken:
        print(f"BREAKS READERS  {line}; nothing is written")
    if broken:
        return 1
    for name in write(root, fresh) or ["nothing, all is up to date"]:
        print(f"wrote {name}")
    return 0


def breaks(root: Path, fresh: Contracts) -> list[str]:
    """Name what would break readers: changed or vanished schemas, examples no longer valid."""
    found: list[str] = []
    for path in sorted(root.glob("contracts/events/*.json")):
        name, topic = path.relative_to(root), path.name.removesuffix(".schema.json")
        if topic in fresh.schemas:
            changes = breaking_changes(json.loads(path.read_text()), fresh.schemas[topic])
            found += [f"{name}: {change}" for change in changes]
        else:
            found.append(f"{name}: nobody says this event any more")
    for path in sorted(root.glob("contracts/examples/*/*.json")):
        found += _example_breaks(path.relative_to(root), json.loads(path.read_text()), fresh)
    return found


def differences(root: Path, fresh: Contracts) -> list[str]:
    """Name the files that are missing, differ, or are not generated."""
    found: list[str] = []
    for name, text in fresh.files.items():
        path = root / name
        if not path.exists():
            found.append(f"{name}: missing")
        elif path.read_text() != text:
            found.append(f"{name}: differs from the services")
    found += [f"{name}: missing" for name in fresh.examples if not (root / name).exists()]
    extra = {str(path.relative_to(root)) for path in root.glob("contracts/openapi/*")}
    return found + [f"{name}: of no service" for name in sorted(extra - fresh.files.keys())]


def write(root: Path, fresh: Contracts) -> list[str]:
    """Write what is missing or differs, never an example that is there; return the paths."""
    written: list[str] = []
    for name, text in (fresh.files | fresh.examples).items():
        path = root / name
        if path.exists() and (name in fresh.examples or path.read_text() == text):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        written.append(name)
    return written


def _example_breaks(name: Path, event: Json, fresh: Contracts) -> list[str]:
    topic = name.parent.name
    if topic not in fresh.schemas:
        return [f"{name}: nobody says this event any more"]
    try:
        validate(event["data"], fresh.schemas[topic], Draft202012Validator)
    except ValidationError as error:
        return [f"{name}: no longer valid, {error.json_path}: {error.message}"]
    return []
