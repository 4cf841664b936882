"""Installs tests/k8s/overlay in a namespace, waits for it with progress, and removes it.

The overlay is wrapped by a kustomization in a temporary folder, which names the namespace, the
gateway's class and its host name: what only the caller knows.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.k8s.cluster import SERVICES, Cluster, Json, eventually, is_ready, name_of
from tools.launch import ROOT

OVERLAY: Final = ROOT / "tests" / "k8s" / "overlay"
SLOW_ROAD: Final = ROOT / "tests" / "siege" / "slow_road.py"
READY_WITHIN_S: Final = 420.0
GONE_WITHIN_S: Final = 180.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation goes, and which overlay: tests/k8s/overlay, or one built on it.

    `gateway_class` is empty on a cluster without a controller of the Gateway API.
    """

    namespace: str
    gateway_class: str
    overlay: Path = OVERLAY

    @property
    def host(self) -> str:
        """The name under which the gateway knows this installation."""
        return f"{self.namespace}.test"


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"[k8s-test] {text}\n")
    sys.stderr.flush()


def write_kustomization(
    folder: Path, place: Place, values: Mapping[str, str] | None = None
) -> None:
    """Write the kustomization, and a copy of what it makes ConfigMaps of.

    `values` change those of the ConfigMap of all services.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SLOW_ROAD, folder)
    shutil.copy(OVERLAY.parent / "slow_cafe.py", folder)
    body: Json = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        **_top_level(),
        "namespace": place.namespace,
        "resources": [os.path.relpath(place.overlay.resolve(), folder.resolve())],
        "configMapGenerator": [
            {
                "name": "slow-road",
                "files": ["slow_road.py", "slow_cafe.py"],
                "options": {"disableNameSuffixHash": True},
            }
        ],
        "patches": [*_gateway(place), *([_values(values)] if values else [])],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(body, sort_keys=False))


def _top_level() -> Json:
    """Return what of the dev overlay counts only in the kustomization that is applied.

    The sequence of the objects, and where the namespace is named, which this one changes.
    """
    dev = yaml.safe_load((ROOT / "k8s" / "overlays" / "dev" / "kustomization.yaml").read_text())
    return {name: dev[name] for name in ("sortOptions", "replacements")}


def _values(values: Mapping[str, str]) -> Json:
    changes = [{"op": "add", "path": f"/data/{name}", "value": v} for name, v in values.items()]
    return {
        "target": {"kind": "ConfigMap", "name": "cafe-config"},
        "patch": yaml.safe_dump(changes),
    }


def _gateway(place: Place) -> list[Json]:
    hosts = [{"op": "add", "path": "/spec/hostnames", "value": [place.host]}]
    change: list[Json] = [_patch("HTTPRoute", hosts)]
    if place.gateway_class:
        path, value = "/spec/gatewayClassName", place.gateway_class
        change += [_patch("Gateway", [{"op": "replace", "path": path, "value": value}])]
        return [*change, _from_outside(place)]
    return [*change, *({"target": {"kind": k}, "patch": _deleted(k)} for k in _GATEWAY_KINDS)]


def _from_outside(place: Place) -> Json:
    """Let the controller in from any other namespace: which it is only its installer knows.

    One whose proxies run beside the Gateway, or on the network of nodes, needs an overlay for it.
    """
    name = "kubernetes.io/metadata.name"
    others = {"matchExpressions": [{"key": name, "operator": "NotIn", "values": [place.namespace]}]}
    path = "/spec/ingress/0/from/0/namespaceSelector"
    change = {"op": "replace", "path": path, "value": others}
    target = {"kind": "NetworkPolicy", "name": "gateway"}
    return {"target": target, "patch": yaml.safe_dump([change])}


_GATEWAY_KINDS: Final = ("Gateway", "HTTPRoute")


def _deleted(kind: str) -> str:
    head: dict[str, Any] = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind}
    return yaml.safe_dump({"$patch": "delete", **head, "metadata": {"name": "any"}})


def _patch(kind: str, operations: list[Json]) -> Json:
    return {"target": {"kind": kind}, "patch": yaml.safe_dump(operations)}


async def wait_for_all(cluster: Cluster) -> None:
    """Wait until every pod is ready, and say what has become so meanwhile."""
    known = set[str]()

    async def missing() -> list[str]:
        pods = (await cluster.get("pods"))["items"]
        owners = (await cluster.get("deployments,statefulsets"))["items"]
        wanted = sum(owner["spec"]["replicas"] for owner in owners)
        ready = {name_of(pod) for pod in pods if is_ready(pod)}
        for name in sorted(ready - known):
            say(f"{name} is ready")
        known.update(ready)
        few = [] if len(pods) > wanted else [f"{wanted + 1 - len(pods)} pods to be made"]
        return few + [f"{name_of(pod)}: {_phase(pod)}" for pod in pods if not is_ready(pod)]

    everything = "every pod ready"
    await eventually(
        missing, lambda left: not left, what=everything, timeout_s=READY_WITHIN_S, every_s=2.0
    )
    for service in SERVICES:
        await cluster.rolled_out(f"deployment/{service}")


def _phase(pod: Json) -> str:
    statuses = pod["status"].get("containerStatuses", [])
    waiting = (status["state"].get("waiting", {}) for status in statuses)
    return (
        ", ".join(each["reason"] for each in waiting if "reason" in each)
        or (pod["status"]["phase"])
    )


async def remove(cluster: Cluster) -> None:
    """Delete the namespace and everything in it; return when it is gone."""
    say(f"removing namespace {cluster.namespace}")
    wait = f"--timeout={GONE_WITHIN_S:.0f}s"
    target = ("namespace", cluster.namespace)
    await cluster.run("delete", *target, "--ignore-not-found", wait, timeout_s=GONE_WITHIN_S + 10)


async def gateway_class(cluster: Cluster) -> str:
    """Return the name of a class that a controller has accepted, or nothing."""
    found = await cluster.asked("get", "gatewayclasses", "-o", "json", timeout_s=20)
    classes: list[Json] = json.loads(found.out)["items"] if found.code == 0 else []
    return next((name_of(each) for each in classes if _is_accepted(each)), "")


def _is_accepted(gateway_class: Json) -> bool:
    conditions = gateway_class.get("status", {}).get("conditions", [])
    return any(each["type"] == "Accepted" and each["status"] == "True" for each in conditions)
