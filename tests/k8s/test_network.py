"""NetworkPolicies, where the cluster enforces them: who is not let in does not get in."""

import pytest

from tests.k8s.cluster import SERVICES, Cluster
from tests.k8s.conftest import Told
from tests.k8s.load_pod import ask

pytestmark = pytest.mark.k8s
FEATURE = "NetworkPolicies"


async def test_a_foreign_pod_reaches_the_front_door_and_nothing_behind_it(
    cluster: Cluster, told: Told
) -> None:
    """A pod that may send anywhere connects to the front door, every app, sidecar and store."""
    behind = [*(f"{service}:80" for service in SERVICES), "postgres:5432", "valkey:6379"]
    for service in SERVICES:
        address = (await cluster.ready(service))[0]["status"]["podIP"]
        behind += [f"{address}:{port}" for port in (8000, 3500, 50001, 50002)]

    answers = await ask(cluster, [{"url": f"tcp://{place}"} for place in ("edge:80", *behind)])

    reached = [place for place, got in zip(behind, answers[1:], strict=True) if got.status]
    told.add(f"front door reached, {len(behind)} others tried, reached: {reached or 'none'}")
    assert answers[0].status == 1
    assert reached == []
