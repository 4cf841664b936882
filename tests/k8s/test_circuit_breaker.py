"""Dapr's circuit breaker opens while cafe-svc is too slow, and orders are taken all the same."""

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.k8s.books import judged
from tests.k8s.change import template
from tests.k8s.cluster import SIDECAR, Cluster, Json, container, name_of
from tests.k8s.conftest import Told
from tests.k8s.crowd import Carried
from tests.k8s.load_pod import Heard, Plan, load
from tests.siege.breakers import CLOSED, HALF_OPEN, OPEN, activations
from tests.siege.plans import SLOW_S, TOO_SLOW_S

pytestmark = pytest.mark.k8s
FEATURE = "Circuit breaker"
SHARE: Final = 0.5
WELL_S: Final = (0.0, 0.0)
PHASES: Final = ((WELL_S, 10), (SLOW_S, 60), (TOO_SLOW_S, 20), (WELL_S, 15))
"""What each answer of cafe-svc takes longer, at least and at most, and for how long."""

ROAD: Final = "slow-road"
ROAD_PORT: Final = 8001
METRICS: Final = 9090
SET: Final = "import pathlib,sys; pathlib.Path('/tmp/delay').write_text(' '.join(sys.argv[1:]))"
READ: Final = """
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
"""
_CHANGED: Final = re.compile(r"changed state from ([a-z-]+) to ([a-z-]+)")


def _with_road(pod: Json) -> None:
    """Have the sidecar reach its app by tests/siege/slow_road.py, in a container of its own."""
    app = container({"spec": {"template": pod}})
    pod["metadata"]["annotations"]["dapr.io/app-port"] = str(ROAD_PORT)
    pod["spec"]["volumes"].append({"name": ROAD, "configMap": {"name": ROAD}})
    script = f"/{ROAD}/slow_cafe.py"
    pod["spec"]["containers"].append(
        {
            "name": ROAD,
            "image": app["image"],
            "imagePullPolicy": app["imagePullPolicy"],
            "command": ["python", script, str(ROAD_PORT), str(app["ports"][0]["containerPort"])],
            "resources": {
                "requests": {"cpu": "10m", "memory": "32Mi"},
                "limits": {"memory": "64Mi"},
            },
            "securityContext": app["securityContext"],
            "volumeMounts": [
                {"name": ROAD, "mountPath": f"/{ROAD}", "readOnly": True},
                {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own
            ],
        }
    )


async def test_the_breaker_opens_probes_and_closes_while_every_order_is_accepted(
    cluster: Cluster, carried: Carried, told: Told, tmp_path: Path
) -> None:
    """cafe-svc answers 400 to 620 ms late for 60 s, 700 to 900 ms late for 20 s, then well."""
    plan = carried.siege(SHARE)
    told.load = carried.told(plan)

    heard = await _besieged(cluster, plan)

    history, counted = await _history(cluster), await _counted(cluster)
    for pod, states in history.items():
        told.add(f"{pod}: {' -> '.join([CLOSED, *states]) or 'no change'}")
    told.add(", ".join(f"{policy} {status} {n}" for (policy, status), n in counted.items()))
    told.add(heard[0].figure())
    verdict = await judged(cluster, tmp_path, heard)
    told.add(str(verdict))
    changed = [states for states in history.values() if states]
    assert changed
    assert all(states[:2] == [OPEN, HALF_OPEN] for states in changed)
    assert all(states[-2:] == [HALF_OPEN, CLOSED] for states in changed)
    assert counted["circuitbreaker", OPEN] > 0
    assert dict(heard[0].failed) == {}
    assert verdict.found == []


async def _besieged(cluster: Cluster, plan: Plan) -> list[Heard]:
    """Have people order through all phases."""
    async with template(cluster, "cafe-svc") as pods:
        await pods.set(_with_road)
        await cluster.rolled_out("deployment/cafe-svc")
        async with load(cluster, plan) as heard:
            for delay_s, lasts_s in PHASES:
                await _slow_down(cluster, delay_s)
                await asyncio.sleep(lasts_s)
    return heard


async def _slow_down(cluster: Cluster, delay_s: tuple[float, float]) -> None:
    for pod in await cluster.ready("cafe-svc"):
        target = f"pod/{name_of(pod)}"
        await cluster.exec(target, ROAD, "python", "-c", SET, *map(str, delay_s))


async def _history(cluster: Cluster) -> dict[str, list[str]]:
    """Return the states that the breaker for menus went to, by pod of order-svc."""
    found = dict[str, list[str]]()
    for pod in await cluster.ready("order-svc"):
        text = await cluster.run("logs", name_of(pod), "-c", SIDECAR, "--since=180s", "--tail=-1")
        lines = [json.loads(line)["msg"] for line in text.splitlines() if "changed state" in line]
        changes = [_CHANGED.search(line) for line in lines if "cafe-svc" in line]
        found[name_of(pod)] = [change[2] for change in changes if change]
    return found


async def _counted(cluster: Cluster) -> Counter[tuple[str, str]]:
    """Return how often each policy for cafe-svc took effect, in all pods of order-svc."""
    counted = Counter[tuple[str, str]]()
    for pod in await cluster.ready("order-svc"):
        url = f"http://127.0.0.1:{METRICS}/metrics"
        text = await cluster.exec(f"pod/{name_of(pod)}", "app", "python", "-c", READ, url)
        counted += activations(text, "cafe-svc")
    return counted
