"""Which cluster this is: versions, size, and the numbers of the installation that matter here."""

import json
from datetime import UTC, datetime

from tests.k8s.cluster import SIDECAR, Cluster, Json, container


async def about(cluster: Cluster) -> list[str]:
    """Return one sentence per fact."""
    version = json.loads(await cluster.run("version", "-o", "json"))["serverVersion"]["gitVersion"]
    nodes = (await cluster.get("nodes"))["items"]
    cores = sum(float(node["status"]["capacity"]["cpu"]) for node in nodes)
    runtime = {node["status"]["nodeInfo"]["containerRuntimeVersion"] for node in nodes}
    pod = (await cluster.ready("order-svc"))[0]
    dapr = container(pod, SIDECAR)["image"].rpartition(":")[2]
    classes = await cluster.asked(
        "get", "gatewayclasses", "-o", "jsonpath={.items[*].metadata.name}"
    )
    stores = (await cluster.get("statefulsets"))["items"]
    return [
        f"{datetime.now(UTC):%Y-%m-%d}; Kubernetes {version}, {', '.join(sorted(runtime))}",
        f"{len(nodes)} node(s), {cores:.0f} cores in all",
        f"Dapr {dapr}; gateway class {classes.out.strip() or 'none'}",
        f"stores: {', '.join(map(_store, stores))}",
        f"settings raised for these tests: {await _raised(cluster)}",
    ]


def _store(stateful_set: Json) -> str:
    runs = stateful_set["spec"]["template"]["spec"]["containers"][0]
    image = runs["image"].rpartition("/")[2]
    command = " ".join([*runs.get("command", []), *runs.get("args", [])])
    return f"{image} ({command})" if command else image


async def _raised(cluster: Cluster) -> str:
    name = (await cluster.run("get", "deploy", "order-svc", "-o", _CONFIG)).strip()
    data = (await cluster.get("configmap", name))["data"]
    limits = {key: data[key] for key in sorted(data) if key.startswith(("MAX_", "ACCEPT_"))}
    return ", ".join(f"{key}={value}" for key, value in limits.items()) or "none"


_CONFIG = "jsonpath={.spec.template.spec.containers[0].envFrom[0].configMapRef.name}"
