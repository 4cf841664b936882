"""A disruption budget: one pod at a time, whoever asks."""

import time

import pytest

from tests.k8s.change import evict, replicas
from tests.k8s.cluster import Cluster, eventually, name_of
from tests.k8s.conftest import Told

pytestmark = pytest.mark.k8s
FEATURE = "PDB, spread"


async def test_a_second_eviction_is_refused_until_a_new_pod_is_ready(
    cluster: Cluster, told: Told
) -> None:
    """Both pods of order-svc are evicted through the API, the second again and again."""
    least = (await cluster.get("hpa", "order-svc"))["spec"]["minReplicas"]
    await replicas(cluster, "order-svc", least)
    first, second = (name_of(pod) for pod in (await cluster.ready("order-svc"))[:2])

    granted, refused = await evict(cluster, first), await evict(cluster, second)
    began = time.monotonic()
    in_time = len(await cluster.ready("order-svc"))
    await eventually(
        lambda: evict(cluster, second), lambda no: not no, what="second eviction", timeout_s=120
    )
    took_s = time.monotonic() - began
    ready = {name_of(pod) for pod in await cluster.ready("order-svc")} - {second}

    told.add(f"second: {refused}; granted {took_s:.0f} s later with {len(ready)} other ready")
    assert granted == ""
    assert "TooManyRequests" in refused
    assert in_time == 1
    assert ready
    assert first not in ready
    await cluster.rolled_out("deployment/order-svc")


async def test_pods_of_a_service_are_told_to_spread(cluster: Cluster, told: Told) -> None:
    """Constraints of the running pods, and the nodes they are on."""
    nodes = (await cluster.get("nodes"))["items"]
    pods = await cluster.ready("order-svc")

    keys = {
        constraint["topologyKey"]
        for pod in pods
        for constraint in pod["spec"]["topologySpreadConstraints"]
    }
    on = {pod["spec"]["nodeName"] for pod in pods}

    told.add(f"{len(pods)} pods on {len(on)} of {len(nodes)} node(s)")
    assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    assert len(on) == min(len(nodes), len(pods))
