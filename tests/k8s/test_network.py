"""NetworkPolicies, where the cluster enforces them: who is not let in or out stays where it is."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.k8s.cluster import SERVICES, Cluster, Json, eventually
from tests.k8s.conftest import Told
from tests.k8s.load_pod import POD, ask

pytestmark = pytest.mark.k8s
FEATURE = "NetworkPolicies"
INSIDER = "deploy/stranger"
STORES = ("postgres:5432", "valkey:6379")
API_SERVER = "kubernetes.default:443"
FRONT_DOOR = "edge:80"
UNENFORCED = "this cluster enforces no NetworkPolicy"
LEARNT_WITHIN_S = 20.0


@pytest.fixture(scope="module")
def enforced(cluster: Cluster) -> bool:
    """Whether this cluster holds to NetworkPolicies: seen by one of the suite's own."""
    return asyncio.run(_enforced(cluster))


async def _enforced(cluster: Cluster) -> bool:
    try:
        await _may_send(cluster, [])
        await _reaches(cluster, [])
    except AssertionError:
        return False
    finally:
        await _may_send(cluster, [{}])
        await _reaches(cluster, [FRONT_DOOR])
    return True


async def _may_send(cluster: Cluster, rules: list[Json]) -> None:
    change = {"op": "replace", "path": "/spec/egress", "value": rules}
    await cluster.patch("networkpolicy/load", [change])


async def _reaches(cluster: Cluster, places: list[str]) -> None:
    await eventually(
        lambda: _reached(cluster, POD, [FRONT_DOOR]),
        lambda reached: reached == places,
        what=f"the load pod reaches {places or 'nothing'}",
        timeout_s=LEARNT_WITHIN_S,
    )


async def _reached(cluster: Cluster, pod: str, places: Sequence[str]) -> list[str]:
    answers = await ask(cluster, [{"url": f"tcp://{place}"} for place in places], pod=pod)
    return [place for place, answer in zip(places, answers, strict=True) if answer.status]


async def _ports(cluster: Cluster, port: int) -> list[str]:
    pods = [(await cluster.ready(service))[0] for service in SERVICES]
    return [f"{pod['status']['podIP']}:{port}" for pod in pods]


async def test_a_foreign_pod_reaches_the_front_door_and_nothing_behind_it(
    cluster: Cluster, told: Told, *, enforced: bool
) -> None:
    """A pod that may send anywhere tries apps, sidecars, stores; one of tier service likewise."""
    if not enforced:
        told.not_seen(UNENFORCED)
    apps, sidecars = await _ports(cluster, 8000), await _ports(cluster, 50002)
    behind = [*apps, *sidecars, *STORES]

    foreign = await _reached(cluster, POD, [FRONT_DOOR, *behind])
    insider = await _reached(cluster, INSIDER, behind)

    told.add(f"foreign pod: {len(foreign)} of {1 + len(behind)} reached, {', '.join(foreign)}")
    told.add(f"a pod of the services: {len(insider)} of {len(behind)}, sidecars and stores")
    assert foreign == [FRONT_DOOR]
    assert insider == [*sidecars, *STORES]


async def test_a_service_reaches_nothing_outside_of_what_it_needs(
    cluster: Cluster, told: Told, *, enforced: bool
) -> None:
    """A pod of tier service, and one that may send anywhere, try the API server and the edge."""
    if not enforced:
        told.not_seen(UNENFORCED)
    places = [API_SERVER, FRONT_DOOR]

    free = await _reached(cluster, POD, places)
    bound = await _reached(cluster, INSIDER, places)

    told.add(f"free: {', '.join(free)}; a pod of the services: {', '.join(bound) or 'nothing'}")
    assert free == places
    assert bound == []
