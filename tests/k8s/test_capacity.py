"""What an order costs each program, from the customer's POST to the cup in hand."""

import asyncio
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Final

import pytest

from tests.k8s.books import judged
from tests.k8s.cluster import SERVICES, SIDECAR, Cluster
from tests.k8s.conftest import Told
from tests.k8s.crowd import SHARE, Carried
from tests.k8s.first_order import Door
from tests.k8s.load_pod import load
from tests.k8s.usage import Used, used_now

pytestmark = pytest.mark.k8s
FEATURE = "Capacity"
LOOKS: Final = 3
LOOK_EVERY_S: Final = 30.0
"""Two intervals of the metrics server."""


async def test_an_order_costs_each_program_so_much(
    cluster: Cluster, carried: Carried, told: Told, tmp_path: Path
) -> None:
    """Orders are placed, paid, made and handed over; `kubectl top pods --containers` meanwhile."""
    if not await cluster.has_metrics():
        told.not_seen("this cluster has no metrics API")
    plan = replace(carried.steady(SHARE, Door()), served=True)
    told.load = carried.told(plan)

    async with load(cluster, plan) as heard:
        await asyncio.sleep(LOOK_EVERY_S)
        looks = [await _used_later(cluster) for _ in range(LOOKS)]

    assert all(set(look) == set(looks[0]) for look in looks)
    rate = heard[0].ok / heard[0].lasted_s
    for name in sorted(looks[0]):
        cpu = mean(sum(each for each, _ in look[name]) for look in looks)
        told.add(f"{name} {cpu / rate:.1f}m")
    told.add(f"of CPU for each order a second, at {rate:.1f} of them; {heard[0].figure()}")
    verdict = await judged(cluster, tmp_path, heard)
    told.add(str(verdict))
    assert {f"{name} {each}" for name in SERVICES for each in ("app", SIDECAR)} <= set(looks[0])
    assert dict(heard[0].failed) == {}
    assert verdict.ended == {("COMPLETED", "PAID"): verdict.acknowledged}
    assert verdict.found == []


async def _used_later(cluster: Cluster) -> Used:
    await asyncio.sleep(LOOK_EVERY_S)
    return await used_now(cluster)
