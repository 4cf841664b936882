"""Database and broker lose their pods, and nothing else."""

import time
from pathlib import Path

import pytest

from tests.k8s.books import judged
from tests.k8s.cluster import Cluster, Json, name_of
from tests.k8s.conftest import Told
from tests.k8s.crowd import SHARE, Carried
from tests.k8s.load_pod import load

pytestmark = pytest.mark.k8s
FEATURE = "PVC"


async def _claims(cluster: Cluster) -> dict[str, tuple[str, str]]:
    found: list[Json] = (await cluster.get("pvc"))["items"]
    return {name_of(c): (c["spec"]["volumeName"], c["status"]["phase"]) for c in found}


@pytest.mark.parametrize("store", ["postgres", "valkey"])
async def test_orders_outlive_the_pod_that_stores_them(
    cluster: Cluster, carried: Carried, told: Told, tmp_path: Path, store: str
) -> None:
    """The only pod of the store is deleted while people order; a new one takes its volume."""
    plan = carried.siege(SHARE)
    told.load = carried.told(plan)
    before = await _claims(cluster)

    async with load(cluster, plan) as heard:
        began = time.monotonic()
        await cluster.run("delete", "pod", f"{store}-0", timeout_s=90)
        await cluster.run("rollout", "status", f"statefulset/{store}", "--timeout=90s")
        took_s = time.monotonic() - began

    told.add(f"{store}: a new pod is ready {took_s:.0f} s after the wish; {heard[0].figure()}")
    verdict = await judged(cluster, tmp_path, heard)
    told.add(str(verdict))
    assert await _claims(cluster) == before
    assert all(phase == "Bound" for _, phase in before.values())
    assert verdict.found == []
    assert verdict.acknowledged > 0
