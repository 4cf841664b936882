"""Checks a Kubernetes object against the schema of its kind; unknown fields are errors."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jsonschema
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import Schema as SchemaResource

from tools.custom_schemas import Schema, load_schemas, strict_resource

KUBERNETES: Final = "1.36"
PUBLISHED: Final = files("kubernetes_validate") / (
    f"kubernetes-json-schema/v{KUBERNETES}.0-local-strict"
)
"""The wheel kubernetes-validate carries Kubernetes' own schemas, one file per kind."""


def complaints(manifest: dict[str, Any]) -> list[str]:
    """Return what is wrong with a manifest, each as "path: reason"; [] if nothing.

    Raises StackError where the schemas of custom resources cannot be had.
    """
    api_version, kind = str(manifest.get("apiVersion")), str(manifest.get("kind"))
    validator = _validator(api_version, kind)
    if validator is None:
        return [f"no schema for {api_version} {kind} in Kubernetes {KUBERNETES} or tools/crds"]
    return [_told(error) for error in validator.iter_errors(manifest)]


def _told(error: jsonschema.ValidationError) -> str:
    while error.context:  # of alternatives, the one that came furthest
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return f"{'.'.join(map(str, error.absolute_path)) or '.'}: {error.message[:300]}"


@cache
def _validator(api_version: str, kind: str) -> Validator | None:
    group, _, version = api_version.rpartition("/")
    custom = _custom().get(f"{api_version}/{kind}")
    if custom:
        return jsonschema.Draft202012Validator(strict_resource(custom))
    name = "-".join(filter(None, (kind.lower(), group.split(".")[0], version)))
    builtin = PUBLISHED / f"{name}.json"
    if not builtin.is_file():
        return None
    return jsonschema.Draft202012Validator(json.loads(builtin.read_text()), registry=_builtin())


@cache
def _custom() -> dict[str, Schema]:
    return load_schemas()


@cache
def _builtin() -> "Registry[SchemaResource]":
    definitions = json.loads((PUBLISHED / "_definitions.json").read_text())
    return Resource[SchemaResource].from_contents(definitions) @ Registry[SchemaResource]()
