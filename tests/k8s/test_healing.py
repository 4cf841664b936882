"""What breaks is noticed and started again, and with two pods people hardly see it."""

import asyncio
import time
from pathlib import Path
from typing import Final

import pytest

from tests.k8s.books import judged
from tests.k8s.change import app_of, replicas, template
from tests.k8s.cluster import (
    SERVICES,
    SIDECAR,
    Cluster,
    Json,
    container,
    eventually,
    is_ready,
    name_of,
    restarts,
)
from tests.k8s.conftest import Told
from tests.k8s.crowd import SHARE, Carried
from tests.k8s.load_pod import Heard, load
from tests.k8s.processes import Program, Signal, hurt

pytestmark = pytest.mark.k8s
FEATURE = "Self-healing"
START_S: Final = 30.0
"""What a program may take to be there again on a busy machine, beside what the probes say."""

ANSWER_S: Final = 12.0
"""What a front door waits for an answer, and then some."""

WRONG_PORT: Final = 8999
STUCK_S: Final = 45.0


def noticed_s(pod: Json) -> float:
    """Return the seconds until liveness gives up a program that hangs, and it is killed."""
    probe = container(pod)["livenessProbe"]
    grace = probe.get("terminationGracePeriodSeconds", pod["spec"]["terminationGracePeriodSeconds"])
    return probe["failureThreshold"] * (probe["periodSeconds"] + probe["timeoutSeconds"]) + grace


def left_out_s(pod: Json) -> float:
    """Return the seconds until a pod that does not answer gets no more requests."""
    probe = container(pod)["readinessProbe"]
    return probe["failureThreshold"] * (probe["periodSeconds"] + probe["timeoutSeconds"])


def failed_after(heard: Heard, moment: float) -> int:
    """Count the orders that were sent after a moment (seconds since the epoch) and failed."""
    return sum(said.at > moment and said.status != 201 for said in heard.said)


KINDS: Final[dict[str, tuple[Program, Signal]]] = {
    "its event loop hangs (SIGSTOP)": ("app", "STOP"),
    "kill -9 of daprd": ("daprd", "KILL"),
    "kill -9 of the app": ("app", "KILL"),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_program_that_hangs_or_dies_is_started_again(
    cluster: Cluster, carried: Carried, told: Told, tmp_path: Path, kind: str
) -> None:
    """In one of two pods of order-svc, under load; what fails may fail at that moment only."""
    program, signal = KINDS[kind]
    plan = carried.siege(SHARE)
    told.load = carried.told(plan)
    await replicas(cluster, "order-svc", 2)
    pod = (await cluster.ready("order-svc"))[0]
    part = SIDECAR if program == "daprd" else program
    count = restarts(pod)[part]

    async with load(cluster, plan) as heard:
        await hurt(cluster, name_of(pod), program, signal)
        at, began = time.time(), time.monotonic()
        limit_s = START_S + (noticed_s(pod) if signal == "STOP" else 0)
        await eventually(
            lambda: cluster.get("pod", name_of(pod)),
            lambda pod: is_ready(pod) and restarts(pod)[part] > count,
            what=f"{part} started again",
            timeout_s=limit_s,
        )
        took_s = time.monotonic() - began

    late = failed_after(heard[0], at + left_out_s(pod) + ANSWER_S)
    verdict = await judged(cluster, tmp_path, heard)
    told.add(f"{kind}: ready again after {took_s:.0f} s (at most {limit_s:.0f})")
    told.add(f"{heard[0].figure()}, {late} of them after the pod was left out; {verdict}")
    assert late == 0
    assert verdict.found == []


async def test_a_version_with_a_wrong_probe_port_never_takes_over(
    cluster: Cluster, carried: Carried, told: Told
) -> None:
    """Readiness and liveness of order-svc ask a port where nobody listens; then rollout undo."""
    plan = carried.siege(SHARE)
    told.load = carried.told(plan)
    before = {name_of(pod) for pod in await cluster.ready("order-svc")}

    async with template(cluster, "order-svc") as pods, load(cluster, plan) as heard:
        await pods.set(_wrong_port)
        await asyncio.sleep(STUCK_S)
        status = await cluster.asked("rollout", "status", "deploy/order-svc", "--timeout=1s")
        still = {name_of(pod) for pod in await cluster.ready("order-svc")}
        began = time.monotonic()
        await cluster.run("rollout", "undo", "deployment/order-svc")
        await cluster.rolled_out("deployment/order-svc")
        undone_s = time.monotonic() - began

    told.add(f"not rolled out after {STUCK_S:.0f} s, {len(still & before)} old pods serve")
    told.add(f"undone in {undone_s:.0f} s; {heard[0].figure()}")
    assert status.code != 0
    assert still == before
    assert dict(heard[0].failed) == {}


def _wrong_port(pod: Json) -> None:
    for probe in ("readinessProbe", "livenessProbe"):
        app_of(pod)[probe]["httpGet"]["port"] = WRONG_PORT


async def test_while_the_broker_is_away_nothing_is_restarted_and_orders_are_taken(
    cluster: Cluster, carried: Carried, told: Told, tmp_path: Path
) -> None:
    """The broker has no pod for longer than any liveness probe is patient; people order."""
    plan = carried.siege(SHARE)
    told.load = carried.told(plan)
    before = await _restarts(cluster)
    probe = container(await cluster.get("deploy", "order-svc"))["livenessProbe"]
    away_s = (probe["failureThreshold"] + 1) * probe["periodSeconds"]

    async with load(cluster, plan) as heard:
        try:
            await cluster.run("scale", "statefulset/valkey", "--replicas=0")
            await asyncio.sleep(away_s)
        finally:
            await cluster.run("scale", "statefulset/valkey", "--replicas=1")
            await cluster.run("rollout", "status", "statefulset/valkey", "--timeout=90s")
        await asyncio.sleep(ANSWER_S)

    told.add(f"broker away for {away_s} s: {heard[0].figure()}")
    verdict = await judged(cluster, tmp_path, heard)
    told.add(str(verdict))
    assert await _restarts(cluster) == before
    assert verdict.found == []
    assert verdict.acknowledged > 0


async def _restarts(cluster: Cluster) -> dict[str, dict[str, int]]:
    pods = [pod for service in SERVICES for pod in await cluster.pods(service)]
    return {name_of(pod): restarts(pod) for pod in pods}
