"""Every overlay is accepted by a real API server, and applying twice changes nothing."""

import os
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.k8s.cluster import Cluster, Json, Ran, name_of
from tests.k8s.conftest import Told
from tests.k8s.settings import Settings
from tools.launch import ROOT

pytestmark = pytest.mark.k8s
FEATURE = "Deploy"
OVERLAYS: Final = ("dev", "staging", "prod")
OPTIONAL: Final = {"ExternalSecret", "Gateway", "HTTPRoute"}
"""Kinds that a cluster may do without: their operators are not part of what is tested."""


def _wrapped(folder: Path, overlay: Path, namespace: str) -> None:
    body = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "resources": [os.path.relpath(overlay, folder.resolve())],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(body))


@pytest.mark.parametrize("overlay", OVERLAYS)
async def test_the_api_server_takes_every_object_of_an_overlay_without_a_warning(
    cluster: Cluster, told: Told, tmp_path: Path, overlay: str
) -> None:
    """`kubectl apply --dry-run=server` of all objects of kinds that this cluster has."""
    known = set((await cluster.run("api-resources", "--no-headers", "-o", "name")).split())
    groups = {name.partition(".")[2] for name in known}
    _wrapped(tmp_path, ROOT / "k8s" / "overlays" / overlay, f"{overlay}-{uuid.uuid4().hex[:8]}")
    rendered: list[Json] = list(yaml.safe_load_all(await cluster.run("kustomize", str(tmp_path))))
    there = [each for each in rendered if _group(each) in groups]

    ran = await _tried(cluster, there)

    left_out = sorted({each["kind"] for each in rendered if each not in there})
    told.add(f"{overlay}: {len(there)} objects, {len(ran.out.splitlines())} accepted")
    told.add(f"kinds this cluster does not know: {', '.join(left_out) or 'none'}")
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) == len(there)
    assert set(left_out) <= OPTIONAL


async def _tried(cluster: Cluster, objects: list[Json]) -> Ran:
    """Have the API server judge objects that are not there; only their namespace is made."""
    [home] = [each for each in objects if each["kind"] == "Namespace"]
    elsewhere = replace(cluster, namespace=home["metadata"]["name"])
    await elsewhere.run("create", "--save-config", "-f", "-", stdin=yaml.safe_dump(home))
    try:
        everything = yaml.safe_dump_all(objects)
        return await elsewhere.asked("apply", "--dry-run=server", "-f", "-", stdin=everything)
    finally:
        await elsewhere.run("delete", "namespace", elsewhere.namespace, "--wait=false")


def _group(each: Json) -> str:
    group, slash, _ = each["apiVersion"].rpartition("/")
    return group if slash else ""


async def test_a_second_apply_changes_nothing(
    cluster: Cluster, settings: Settings, told: Told
) -> None:
    """`kubectl diff -k` of what was applied, then `kubectl apply -k` again."""
    diff = await cluster.asked("diff", "-k", str(settings.kustomization))
    before = await _generations(cluster, settings.kustomization)

    await cluster.run("apply", "-k", str(settings.kustomization))

    after = await _generations(cluster, settings.kustomization)
    changed = [name for name, generation in after.items() if before.get(name) != generation]
    told.add(f"{len(diff.out.splitlines())} lines differ; {len(changed)} of {len(after)} changed")
    assert (diff.code, diff.out) == (0, "")
    assert changed == []


async def _generations(cluster: Cluster, folder: Path) -> dict[tuple[str, str], int]:
    """Return how often the wish of each object has changed, by kind and name."""
    objects = (await cluster.get("-k", str(folder)))["items"]
    return {
        (each["kind"], name_of(each)): each["metadata"]["generation"]
        for each in objects
        if "generation" in each["metadata"]
    }
