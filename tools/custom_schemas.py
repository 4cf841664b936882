"""JSON schemas of the custom resources in k8s/, from the modules that their publishers release.

tools/crds/go.mod pins the modules and go.sum their checksums, which Go checks at download. Their
definitions are read once and kept as JSON in the cache: one file for all of them.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tools.build_dapr import Machine
from tools.go_build import HERE, NO_NETWORK, go_needed
from tools.terminal import Say, StackError, say

Schema = dict[str, Any]
FOLDER: Final = HERE / "crds"
DEFINITIONS: Final = {
    "github.com/argoproj/argo-cd/v3": ("manifests/crds/app*-crd.yaml",),
    "github.com/argoproj/argo-rollouts": ("manifests/crds/*-crd.yaml",),
    "github.com/dapr/dapr": ("charts/dapr/crds/*.yaml",),
    "github.com/external-secrets/external-secrets": ("config/crds/bases/external-secrets.io_*",),
    "github.com/kedacore/keda/v2": ("config/crd/bases/keda.sh_*",),
    "github.com/prometheus-operator/prometheus-operator": (
        "example/prometheus-operator-crd/*_podmonitors.yaml",
        "example/prometheus-operator-crd/*_prometheusrules.yaml",
        "example/prometheus-operator-crd/*_servicemonitors.yaml",
    ),
    "istio.io/api": ("kubernetes/customresourcedefinitions.gen.yaml",),
    "sigs.k8s.io/gateway-api": ("config/crd/standard/gateway.networking.k8s.io_*",),
}
"""Module -> where its definitions are."""
DAPR: Final = "github.com/dapr/dapr"
ANNOTATIONS: Final = "dapr.io/annotations"
NAMED_IN: Final = "pkg/injector/annotations/annotations.go"
"""Where Dapr's injector names what it reads from a pod; it ignores what it does not know."""


def load_schemas(tell: Say = say, machine: Machine | None = None) -> dict[str, Schema]:
    """Return the published schemas by "apiVersion/kind"; downloaded first if the cache has none.

    One more, ANNOTATIONS, is {"enum": [...]} of the names that Dapr's injector knows.
    Raises StackError in one sentence: no Go and no wheel, network away, a checksum that differs.
    """
    machine = machine or Machine()
    digest = hashlib.sha256(
        (FOLDER / "go.sum").read_bytes() + repr((DEFINITIONS, NAMED_IN)).encode()
    )
    kept = machine.cache / f"crds-{digest.hexdigest()[:8]}.json"
    if not kept.is_file():
        published = dict(_published(_download(machine, tell)))
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(published))
        partial.replace(kept)
    schemas: dict[str, Schema] = json.loads(kept.read_text())
    return schemas


def strict_resource(schema: Schema) -> Schema:
    """Return a published schema as a JSON schema of the whole resource; see `strict`."""
    return strict(_as_object(schema))


def strict(schema: Schema) -> Schema:
    """Return a published schema as a JSON schema that refuses unknown fields.

    An API server drops what the schema does not name; kubectl tells so, and so do we. What stands
    under allOf, anyOf, oneOf and not only narrows what is named outside: it stays as it is.
    """
    result = _as_object(schema) if schema.get("x-kubernetes-embedded-resource") else dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = strict(result[key])
    if "properties" in result:
        named = cast(dict[str, Schema], result["properties"])
        result["properties"] = {name: strict(value) for name, value in named.items()}
    if result.get("type") == "object" and not result.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result | _in_plain_json_schema(schema)


def _in_plain_json_schema(schema: Schema) -> Schema:
    """Return instead of what only Kubernetes and Go know what JSON schema and Python know."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    plain: Schema = {}
    if schema.get("nullable") and "type" in schema:
        plain["type"] = [schema["type"], "null"]
    if "pattern" in schema:
        plain["pattern"] = re.sub(r"^\^\(\?i\)", "(?i)^", schema["pattern"])
    return plain


def _as_object(schema: Schema) -> Schema:
    """Add what every resource has and its definition need not name."""
    known = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    metadata = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return schema | {"properties": known | schema.get("properties", {}) | {"metadata": metadata}}


def _published(folders: dict[str, Path]) -> Iterator[tuple[str, Schema]]:
    for module, patterns in DEFINITIONS.items():
        for pattern in patterns:
            files = sorted(folders[module].glob(pattern))
            if not files:
                raise StackError(f"{module} has no {pattern}: tools/custom_schemas.py looks there.")
            for file in files:
                yield from _served(file)
    names: list[str] = re.findall(r'"(dapr\.io/[^"]+)"', (folders[DAPR] / NAMED_IN).read_text())
    yield ANNOTATIONS, {"enum": names}


def _served(file: Path) -> Iterator[tuple[str, Schema]]:
    for definition in yaml.load_all(file.read_bytes(), Loader=yaml.CSafeLoader):
        if not definition or definition["kind"] != "CustomResourceDefinition":
            continue
        spec = definition["spec"]
        for version in spec["versions"]:
            if version["served"]:
                name = f"{spec['group']}/{version['name']}/{spec['names']['kind']}"
                yield name, version["schema"]["openAPIV3Schema"]


def _download(machine: Machine, tell: Say) -> dict[str, Path]:
    """Return the folder of each module in Go's module cache."""
    required = [line.split() for line in (FOLDER / "go.mod").read_text().splitlines()]
    modules = [f"{line[0]}@{line[1]}" for line in required if line and line[0] in DEFINITIONS]
    needed = go_needed(FOLDER.name)
    go = machine.toolchain.find(needed) or machine.toolchain.install(needed, tell)
    tell(f"Downloading the definitions of custom resources, once: {len(modules)} Go modules.")
    done = subprocess.run(
        (go, "mod", "download", "-json", *modules),
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOTOOLCHAIN": "local"},
    )
    answers = list(_documents(done.stdout))
    for answer in answers:
        if "Error" in answer:
            raise StackError(_explain(answer["Error"]))
    if done.returncode:
        raise StackError(_explain(done.stderr.strip()))
    return {answer["Path"]: Path(answer["Dir"]) for answer in answers}


def _documents(text: str) -> Iterator[dict[str, str]]:
    """Read the JSON documents that `go mod download -json` writes one after another."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]


def _explain(reason: str) -> str:
    what = "The definitions of custom resources cannot be downloaded"
    if NO_NETWORK.search(reason):
        return f"{what} and the cache has none, is there a network? ({reason})"
    return f"{what}: {reason}"
