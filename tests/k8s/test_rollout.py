"""Nobody is turned away while pods come and go; and what is lost without each precaution."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.k8s.books import judged
from tests.k8s.change import app_of, between, evict, replicas, template
from tests.k8s.cluster import SERVICES, Cluster, Json, name_of
from tests.k8s.conftest import Told
from tests.k8s.crowd import SHARE, Carried
from tests.k8s.first_order import Door
from tests.k8s.load_pod import Heard, Plan, load
from tests.k8s.settings import Settings

pytestmark = pytest.mark.k8s
FEATURE = "Zero downtime"
ORDERS: Final = "deployment/order-svc"
BLOCK: Final = "dapr.io/block-shutdown-duration"


async def test_rolling_restarts_a_scale_down_and_an_eviction_turn_nobody_away(
    cluster: Cluster, carried: Carried, settings: Settings, told: Told, tmp_path: Path
) -> None:
    """Restart of all services and the front door; 3 pods of order-svc made 2; one evicted."""
    plans = _two(carried, settings)
    told.load = carried.told(*plans)

    async with load(cluster, *plans) as heard:
        for name in (*SERVICES, "edge"):
            await cluster.run("rollout", "restart", f"deployment/{name}")
            await cluster.took_over(f"deployment/{name}")
        await _scaled_down(cluster)
        pod = name_of((await cluster.ready("order-svc"))[0])
        assert await evict(cluster, pod) == ""
        await cluster.rolled_out(ORDERS)
        await replicas(cluster, "order-svc", 2)

    for each in heard:
        told.add(each.figure())
    verdict = await judged(cluster, tmp_path, heard)
    told.add(str(verdict))
    assert [dict(each.failed) for each in heard] == [{}, {}]
    assert verdict.found == []


async def _scaled_down(cluster: Cluster) -> None:
    least = (await cluster.get("hpa", "order-svc"))["spec"]["minReplicas"]
    async with between(cluster, "order-svc", least + 1, least + 1):
        await replicas(cluster, "order-svc", least + 1)
    async with between(cluster, "order-svc", least, least):
        await replicas(cluster, "order-svc", least)


def _no_readiness(pod: Json) -> None:
    del app_of(pod)["readinessProbe"], app_of(pod)["startupProbe"]


def _no_pre_stop(pod: Json) -> None:
    del app_of(pod)["lifecycle"]


def _no_notice(pod: Json) -> None:
    del app_of(pod)["lifecycle"]
    [notice] = [each for each in app_of(pod)["env"] if each["name"] == "DRAIN_NOTICE_S"]
    notice["value"] = "0"


def _no_block(pod: Json) -> None:
    del pod["metadata"]["annotations"][BLOCK]


def _nothing(pod: Json) -> None:
    _no_readiness(pod)
    _no_notice(pod)
    _no_block(pod)


ABLATIONS: Final[dict[str, Callable[[Json], None]]] = {
    "nothing taken away": lambda _: None,
    "without readiness (and startup) probe": _no_readiness,
    "without preStop": _no_pre_stop,
    "without preStop and the app's own notice": _no_notice,
    "without block-shutdown": _no_block,
    "without all of these": _nothing,
}


async def test_a_precaution_that_is_taken_away_shows_what_it_was_for(
    cluster: Cluster, carried: Carried, settings: Settings, told: Told, tmp_path: Path
) -> None:
    """order-svc is changed, then restarted under load; once as it is, once for each precaution."""
    told.load = carried.told(*_two(carried, settings))
    lost, everybody = dict[str, int](), list[Heard]()

    async with template(cluster, "order-svc") as pods:
        for name, change in ABLATIONS.items():
            await pods.set(change)
            await cluster.took_over(ORDERS)
            async with load(cluster, *_two(carried, settings)) as heard:
                await cluster.run("rollout", "restart", ORDERS)
                await cluster.rolled_out(ORDERS)
            everybody += heard
            lost[name] = sum(each.failed.total() for each in heard)
            figures = " and ".join(each.figure() for each in heard)
            told.add(f"{name}, {lost[name] or 'nothing'} lost: {figures}")

    verdict = await judged(cluster, tmp_path, everybody)
    told.add(str(verdict))
    assert lost["nothing taken away"] == 0
    assert lost["without block-shutdown"] > 0
    assert verdict.found == []


def _two(carried: Carried, settings: Settings) -> tuple[Plan, Plan]:
    """Return users at edge, which tries again elsewhere, and at the gateway if there is one."""
    outside = settings.gateway and Door(settings.gateway, settings.place.host)
    return carried.siege(SHARE), carried.steady(SHARE, outside or Door())
