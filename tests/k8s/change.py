"""Changes that a test makes to the installation and takes back."""

import copy
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from tests.k8s.cluster import Cluster, Json, KubectlError, container, eventually, is_ready

SETTLED_WITHIN_S: Final = 240.0
TEMPLATE: Final = "/spec/template"


@asynccontextmanager
async def template(cluster: Cluster, name: str) -> AsyncGenerator["Template"]:
    """Give a Deployment's pod template to change; at the end it is what it was."""
    owner = await cluster.get("deployment", name)
    mine = Template(cluster, name, owner["spec"]["template"])
    try:
        yield mine
    finally:
        await mine.set(lambda _: None)
        await cluster.rolled_out(f"deployment/{name}", SETTLED_WITHIN_S)


class Template:
    """The pod template that a Deployment had when the test began."""

    def __init__(self, cluster: Cluster, name: str, original: Json) -> None:
        self._cluster = cluster
        self._name = name
        self._original = original

    async def set(self, change: Callable[[Json], None]) -> None:
        """Make it what it was, with a change; nobody waits for the rollout."""
        changed = copy.deepcopy(self._original)
        change(changed)
        operation = {"op": "replace", "path": TEMPLATE, "value": changed}
        await self._cluster.patch(f"deployment/{self._name}", [operation])


@asynccontextmanager
async def between(cluster: Cluster, name: str, least: int, most: int) -> AsyncGenerator[None]:
    """Set the limits of an autoscaler, and set them back at the end."""
    spec = (await cluster.get("hpa", name))["spec"]
    await cluster.patch(f"hpa/{name}", {"spec": {"minReplicas": least, "maxReplicas": most}})
    try:
        yield
    finally:
        before = {key: spec[key] for key in ("minReplicas", "maxReplicas")}
        await cluster.patch(f"hpa/{name}", {"spec": before})


async def replicas(cluster: Cluster, name: str, count: int) -> None:
    """Wait until so many pods are ready, and no more are there."""

    async def counted() -> tuple[int, int]:
        pods = await cluster.pods(name)
        return len(pods), sum(map(is_ready, pods))

    what = f"{count} ready pods of {name}"
    await eventually(counted, lambda n: n == (count, count), what=what, timeout_s=SETTLED_WITHIN_S)


async def evict(cluster: Cluster, pod: str) -> str:
    """Ask for an eviction through the API; return "" or why it was refused."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/{pod}/eviction"
    ran = await cluster.asked("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
    if ran.code and "TooManyRequests" not in ran.err:
        raise KubectlError(ran.err)
    return ran.err.strip()


def app_of(pod_template: Json) -> Json:
    """Return the app's container of a pod template, to change it."""
    return container({"spec": {"template": pod_template}})
