"""The autoscaler adds pods of order-svc under load and takes them away again."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.k8s.books import judged
from tests.k8s.change import between, replicas
from tests.k8s.cluster import Cluster, eventually
from tests.k8s.conftest import Told
from tests.k8s.crowd import Carried
from tests.k8s.load_pod import load

pytestmark = pytest.mark.k8s
FEATURE = "HPA"
SHARE: Final = 0.75
MORE: Final = 2
UP_WITHIN_S: Final = 60.0
LASTS_S: Final = 60.0
DOWN_AFTER_WINDOW_S: Final = 180.0
"""Above the scale-down window: metrics are up to two intervals old, then pods take their leave."""


class Watch:
    """Looks at order-svc every second and remembers how many pods it was to have."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.seen = set[int]()

    async def until(self, holds: Callable[[int, int], bool], timeout_s: float) -> float:
        """Wait until it holds for the pods that are wanted and ready; return the seconds."""
        began = time.monotonic()
        what = "pods of order-svc wanted and ready"
        await eventually(self._look, lambda n: holds(*n), what=what, timeout_s=timeout_s)
        return time.monotonic() - began

    async def for_(self, seconds: float) -> None:
        """Look on for so long."""
        end = time.monotonic() + seconds
        await self.until(lambda _, __: time.monotonic() >= end, seconds + LASTS_S)

    async def _look(self) -> tuple[int, int]:
        wanted = (await self._cluster.get("deployment", "order-svc"))["spec"]["replicas"]
        self.seen.add(wanted)
        return wanted, len(await self._cluster.ready("order-svc"))


async def test_ordering_is_scaled_up_under_load_and_down_again_when_it_is_over(
    cluster: Cluster, carried: Carried, told: Told, tmp_path: Path
) -> None:
    """100 users order until pods were added and are ready, then nobody does."""
    if not await cluster.has_metrics():
        told.not_seen("this cluster has no metrics API")
    spec = (await cluster.get("hpa", "order-svc"))["spec"]
    least, most = spec["minReplicas"], spec["minReplicas"] + MORE
    patience_s = spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] + DOWN_AFTER_WINDOW_S
    plan = carried.siege(SHARE)
    told.load = carried.told(plan)
    await replicas(cluster, "order-svc", least)
    watch = Watch(cluster)

    async with between(cluster, "order-svc", least, most):
        async with load(cluster, plan) as heard:
            asked_s = await watch.until(lambda wanted, _: wanted > least, 2 * UP_WITHIN_S)
            ready_s = asked_s + await watch.until(lambda _, ready: ready > least, 2 * UP_WITHIN_S)
            await watch.for_(max(0.0, LASTS_S - ready_s))
        down_s = await watch.until(lambda wanted, _: wanted == least, patience_s)

    told.add(f"{least} -> {max(watch.seen)} (max {most}), wanted after {asked_s:.0f} s")
    told.add(f"ready after {ready_s:.0f} s, back to {least} after {down_s:.0f} s idle")
    verdict = await judged(cluster, tmp_path, heard)
    told.add(f"{heard[0].figure()}; {verdict}")
    assert asked_s <= UP_WITHIN_S
    assert dict(heard[0].failed) == {}
    assert verdict.found == []
