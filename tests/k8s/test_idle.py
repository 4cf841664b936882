"""What the installation costs when nobody orders."""

import asyncio
from itertools import chain
from statistics import mean

import pytest

from tests.k8s.cluster import Cluster, container
from tests.k8s.conftest import Told
from tests.k8s.usage import Used, used_now

pytestmark = pytest.mark.k8s
FEATURE = "Idle"
INTERVAL_S = 30.0
STOPPED = 0.95
LOOKS = 10


async def test_an_idle_service_stays_far_below_what_it_asks_for(
    cluster: Cluster, told: Told
) -> None:
    """`kubectl top pods --containers` once nobody has ordered for some metrics intervals."""
    if not await cluster.has_metrics():
        told.not_seen("this cluster has no metrics API")
    target = container(await cluster.get("deploy", "order-svc"))["resources"]["requests"]["cpu"]
    requested_m = int(target.removesuffix("m"))

    used = await _at_rest(cluster)

    for name in sorted(used):
        cpu, memory = (mean(values) for values in zip(*used[name], strict=True))
        told.add(f"{name} {cpu:.0f}m {memory:.0f} MiB")
    total = [sum(values) for values in zip(*chain(*used.values()), strict=True)]
    told.add(f"everything {total[0]}m {total[1]} MiB")
    assert mean(cpu for cpu, _ in used["order-svc app"]) < requested_m / 2


async def _at_rest(cluster: Cluster) -> Used:
    """Wait until the sum of all CPU has stopped falling: what is told is up to minutes old."""
    used, now = await used_now(cluster), 0
    for _ in range(LOOKS):
        before = sum(cpu for cpu, _ in chain(*used.values()))
        await asyncio.sleep(INTERVAL_S)
        used = await used_now(cluster)
        now = sum(cpu for cpu, _ in chain(*used.values()))
        if now >= STOPPED * before:
            return used
    pytest.fail(f"CPU is still falling, {now}m by now")
