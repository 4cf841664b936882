"""A changed value of the ConfigMap rolls every service by its name's hash, and is there."""

import json
import time
from pathlib import Path
from typing import Final

import pytest

from tests.k8s.cluster import SERVICES, Cluster
from tests.k8s.conftest import Told
from tests.k8s.install import write_kustomization
from tests.k8s.settings import Settings

pytestmark = pytest.mark.k8s
FEATURE = "ConfigMap"
INFO: Final = """
import sys, urllib.request
with urllib.request.urlopen("http://127.0.0.1:8000/info", timeout=5) as answer:
    sys.stdout.write(answer.read().decode())
"""


async def _told(cluster: Cluster, service: str) -> dict[str, str]:
    return json.loads(await cluster.python(f"deploy/{service}", INFO))


async def _map(cluster: Cluster) -> str:
    path = "jsonpath={.spec.template.spec.containers[0].envFrom[0].configMapRef.name}"
    return await cluster.run("get", "deployment", "order-svc", "-o", path)


async def test_a_changed_value_rolls_out_by_hash_and_reaches_every_service(
    cluster: Cluster, settings: Settings, told: Told, tmp_path: Path
) -> None:
    """LOG_LEVEL is made warning in the overlay and applied, read in the pods, and taken back."""
    before, name = await _told(cluster, "order-svc"), await _map(cluster)

    began = time.monotonic()
    write_kustomization(tmp_path, settings.place, {"LOG_LEVEL": "warning"})
    try:
        await _apply(cluster, tmp_path)
        took_s = time.monotonic() - began
        changed = {service: await _told(cluster, service) for service in SERVICES}
        other = await _map(cluster)
    finally:
        await _apply(cluster, settings.kustomization)

    told.add(f"{name} -> {other}; all {len(changed)} services rolled in {took_s:.0f} s")
    told.add(f"/info: {before} -> {changed['order-svc']}; back: {await _map(cluster)}")
    assert other != name
    assert {each["log_level"] for each in changed.values()} == {"warning"}
    assert await _map(cluster) == name
    assert await _told(cluster, "order-svc") == before


async def _apply(cluster: Cluster, folder: Path) -> None:
    await cluster.run("apply", "-k", str(folder))
    for service in SERVICES:
        await cluster.rolled_out(f"deployment/{service}")
