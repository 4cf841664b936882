"""NetworkPolicies, where the cluster enforces them: who is not let in or out stays where it is."""

from collections.abc import Sequence

import pytest

from tests.k8s.cluster import SERVICES, Cluster
from tests.k8s.conftest import Told
from tests.k8s.load_pod import POD, ask

pytestmark = pytest.mark.k8s
FEATURE = "NetworkPolicies"
INSIDER = "deploy/stranger"
STORES = ("postgres:5432", "valkey:6379")
API_SERVER = "kubernetes.default:443"


async def _reached(cluster: Cluster, pod: str, places: Sequence[str]) -> list[str]:
    answers = await ask(cluster, [{"url": f"tcp://{place}"} for place in places], pod=pod)
    return [place for place, answer in zip(places, answers, strict=True) if answer.status]


async def _ports(cluster: Cluster, port: int) -> list[str]:
    pods = [(await cluster.ready(service))[0] for service in SERVICES]
    return [f"{pod['status']['podIP']}:{port}" for pod in pods]


async def test_a_foreign_pod_reaches_the_front_door_and_nothing_behind_it(
    cluster: Cluster, told: Told
) -> None:
    """A pod that may send anywhere tries apps, sidecars, stores; one of tier service likewise."""
    apps, sidecars = await _ports(cluster, 8000), await _ports(cluster, 50002)
    behind = [*apps, *sidecars, *STORES]

    foreign = await _reached(cluster, POD, ["edge:80", *behind])
    insider = await _reached(cluster, INSIDER, behind)

    if set(foreign) == {"edge:80", *behind}:
        told.add("everything was reached: this cluster enforces no NetworkPolicy")
        return
    told.add(f"foreign pod: {len(foreign)} of {1 + len(behind)} reached, {', '.join(foreign)}")
    told.add(f"a pod of the services: {len(insider)} of {len(behind)}, sidecars and stores")
    assert foreign == ["edge:80"]
    assert insider == [*sidecars, *STORES]


async def test_a_service_reaches_nothing_outside_of_what_it_needs(
    cluster: Cluster, told: Told
) -> None:
    """A pod of tier service, and one that may send anywhere, try the API server and the edge."""
    places = [API_SERVER, "edge:80"]

    free = await _reached(cluster, POD, places)
    bound = await _reached(cluster, INSIDER, places)

    if bound == free:
        told.add("all was reached: this cluster enforces no NetworkPolicy")
        return
    told.add(f"free: {', '.join(free)}; a pod of the services: {', '.join(bound) or 'nothing'}")
    assert free == places
    assert bound == []
