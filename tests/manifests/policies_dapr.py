"""Dapr's resources on Kubernetes are those of components/, and everybody in them is there."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import yaml

from tests.manifests.objects import by_name, leaves, of_kind, pods_of, title
from tools.manifest_render import ROOT, Manifest, Rendering

KINDS: Final = ("Component", "Configuration", "HTTPEndpoint", "Resiliency", "Subscription")
SCOPED: Final = ("Component", "HTTPEndpoint", "Resiliency", "Subscription")
MAY_DIFFER: Final = re.compile(
    r"metadata\.(namespace|labels\..*|annotations\.argocd\.argoproj\.io/sync-wave)"
    r"|spec\.metadata\[(redisHost|host)\]\.value"
    r"|spec\.metadata\[(redisPassword|password)\]\.(name|envRef|secretKeyRef\..*)"
    r"|spec\.metadata\[(enableTLS|connectionString|sslRootCert)\]\..*"
    r"|spec\.baseUrl"
    r"|spec\.accessControl\..*"
    r"|spec\.tracing\..*"
)
"""Its wave, hosts and how they are reached, secrets, who may call whom, where traces go."""


def dapr_resources_are_the_very_files(rendering: Rendering) -> Iterator[str]:
    """Apart from MAY_DIFFER, a resource in a cluster is its file in components/."""
    rendered = {title(each): each for each in of_kind(rendering.manifests, *KINDS)}
    source = _of_the_repository()
    for name in source.keys() ^ rendered.keys():
        yield f"{name}: is not both in components/ and rendered"
    for name in source.keys() & rendered.keys():
        for path, value in set(leaves(source[name])) ^ set(leaves(rendered[name])):
            if not MAY_DIFFER.fullmatch(path):
                yield f"{name}: differs from components/: {path} {value}"


@cache
def _of_the_repository() -> dict[str, Manifest]:
    found: dict[str, Manifest] = {}
    for folder in (ROOT / "components", ROOT / "components" / "postgres"):
        [kustomization] = folder.glob("[Kk]ustomization*")
        for name in yaml.safe_load(kustomization.read_text())["resources"]:
            if (folder / name).is_file():
                manifest = yaml.safe_load((folder / name).read_text())
                found[title(manifest)] = manifest
    return found


def everybody_in_a_scope_is_there(rendering: Rendering) -> Iterator[str]:
    """Each resource is for some app-ids, and a pod has each of these."""
    known = _app_ids(rendering)
    for manifest in of_kind(rendering.manifests, *SCOPED):
        scopes = set(manifest.get("scopes", ()))
        if not scopes:
            yield f"{title(manifest)}: every app of the namespace may use it: no scopes"
        for stranger in sorted(scopes - known):
            yield f"{title(manifest)}: its scope {stranger} is nobody's app-id"


def policies_of_resiliency_have_targets(rendering: Rendering) -> Iterator[str]:
    """A policy for a name that nobody has protects nobody."""
    apps = _app_ids(rendering) | by_name(rendering.manifests, "HTTPEndpoint").keys()
    components = by_name(rendering.manifests, "Component").keys()
    for manifest in of_kind(rendering.manifests, "Resiliency"):
        targets = manifest["spec"]["targets"]
        for name in sorted(targets.get("apps", {}).keys() - apps):
            yield f"{title(manifest)}: there is no app {name}"
        for name in sorted(targets.get("components", {}).keys() - components):
            yield f"{title(manifest)}: there is no component {name}"


def a_changed_resource_restarts_nobody(rendering: Rendering) -> Iterator[str]:
    """Dapr's default: every sidecar of the namespace restarts at once, whatever a budget says."""
    for manifest in of_kind(rendering.manifests, "Configuration"):
        if {"name": "HotReload", "enabled": False} not in manifest["spec"].get("features", ()):
            yield f"{title(manifest)}: HotReload is not off"


def who_may_call_whom_is_denied_by_default(rendering: Rendering) -> Iterator[str]:
    """Callers exist; what they may call is an operation of a service's contract."""
    for manifest in of_kind(rendering.manifests, "Configuration"):
        control = manifest["spec"].get("accessControl", {})
        if control.get("defaultAction") != "deny":
            yield f"{title(manifest)}: everybody may call everything"
        for policy in control.get("policies", ()):
            if policy["appId"] not in _app_ids(rendering):
                yield f"{title(manifest)}: {policy['appId']} is nobody's app-id"
            if policy["trustDomain"] != control["trustDomain"]:
                yield f"{title(manifest)}: nobody is of {policy['trustDomain']}"
            if policy.get("defaultAction") != "deny":
                yield f"{title(manifest)}: {policy['appId']} may call everything"
            for unknown in sorted(_asked(policy) - _operations()):
                yield f"{title(manifest)}: no service has an operation {unknown}"


def _asked(policy: Manifest) -> set[str]:
    return {
        f"{verb} {each['name']}"
        for each in policy.get("operations", ())
        for verb in each["httpVerb"]
    }


@cache
def _operations() -> set[str]:
    documents = [
        json.loads(path.read_text()) for path in (ROOT / "contracts" / "openapi").glob("*.json")
    ]
    return {
        f"{verb.upper()} {path}"
        for document in documents
        for path, verbs in document["paths"].items()
        for verb in verbs
    }


def _app_ids(rendering: Rendering) -> set[str]:
    return {pod.app_id for pod in pods_of(rendering.manifests)} - {""}
