"""What lets replicas come and go without anybody noticing."""

from collections.abc import Iterator
from typing import Final

from cafe_kit.settings import Settings
from tests.components.resources import seconds
from tests.manifests.objects import (
    AUTOSCALERS,
    TIER_LABEL,
    Pod,
    autoscaled,
    by_name,
    cores,
    of_kind,
    pods_of,
    scaled,
    selected,
    selects,
    title,
)
from tools.manifest_render import Manifest, Rendering

SPREAD_OVER: Final = {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
TEST_OVERLAY: Final = "tests/k8s/overlay"
CORES_OF_A_TEST_CLUSTER: Final = 1.5
OF_GATEWAY: Final = ("GATEWAY_NOTICE", "GATEWAY_GRACE")


def an_autoscaler_alone_says_how_many(rendering: Rendering) -> Iterator[str]:
    """`replicas` beside one would be put back by every apply; two of them would fight."""
    owners = autoscaled(rendering.manifests)
    for pod in pods_of(rendering.manifests):
        if pod.name in owners and "replicas" in pod.owner["spec"]:
            yield f"{pod.name}: has replicas and {title(owners[pod.name])}"
    if len(of_kind(rendering.manifests, *AUTOSCALERS)) != len(owners):
        yield "two autoscalers have one target"


def an_autoscaler_counts_what_is_there(rendering: Rendering) -> Iterator[str]:
    """By ContainerResource: of a container that exists and requests that resource."""
    pods = {pod.name: pod for pod in pods_of(rendering.manifests)}
    for target, scaler in autoscaled(rendering.manifests).items():
        pod = pods.get(target)
        for metric in scaler["spec"].get("metrics", ()):  # a ScaledObject has triggers
            source = metric.get("containerResource")
            if source is None:
                yield f"{title(scaler)}: the sidecar blurs a metric of type {metric['type']}"
            elif pod and not _requests(pod, source["container"], source["name"]):
                yield f"{title(scaler)}: no {source['name']} request of {source['container']}"
        if _fewest(scaler) < 2:
            yield f"{title(scaler)}: one replica is no replica"
        room = _most(scaler) - _fewest(scaler)
        if room < 0 or (room == 0 and rendering.name != TEST_OVERLAY):
            yield f"{title(scaler)}: has no room between fewest and most"


def _requests(pod: Pod, container: str, resource: str) -> bool:
    return any(
        each["name"] == container and resource in each["resources"].get("requests", {})
        for each in pod.containers
    )


def what_is_scaled_has_a_disruption_budget(rendering: Rendering) -> Iterator[str]:
    """One at a time, and a sick pod never keeps a node from being drained."""
    budgets = of_kind(rendering.manifests, "PodDisruptionBudget")
    for pod in scaled(rendering.manifests):
        own = [each for each in budgets if selects(each["spec"]["selector"], pod.labels)]
        if len(own) != 1:
            yield f"{pod.name}: {len(own)} disruption budgets"
    for budget in budgets:
        spec = budget["spec"]
        if spec.get("maxUnavailable") != 1:
            yield f"{title(budget)}: maxUnavailable is not 1"
        if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{title(budget)}: a sick pod blocks a drain"
        if len(selected(rendering.manifests, spec["selector"])) != 1:
            yield f"{title(budget)}: does not select the pods of one owner"


def what_is_scaled_is_spread(rendering: Rendering) -> Iterator[str]:
    """Over zones and nodes, each rollout's pods by themselves."""
    for pod in scaled(rendering.manifests):
        constraints = pod.spec.get("topologySpreadConstraints", ())
        if {each["topologyKey"] for each in constraints} != SPREAD_OVER:
            yield f"{pod.name}: is not spread over zones and nodes"
        for each in constraints:
            if each.get("matchLabelKeys") != ["pod-template-hash"]:
                yield f"{pod.name}: pods of the old rollout count for the new one"
            if not selects(each["labelSelector"], pod.labels) or not each["labelSelector"]:
                yield f"{pod.name}: its spread is over other pods"


def what_is_scaled_rolls_without_a_gap(rendering: Rendering) -> Iterator[str]:
    """A new pod first, and an old one goes only when the new one has stayed ready."""
    for pod in scaled(rendering.manifests):
        spec = pod.owner["spec"]
        update = spec.get("strategy", {}).get("rollingUpdate", {})
        if update.get("maxUnavailable") != 0 or update.get("maxSurge") != 1:
            yield f"{pod.name}: a rollout takes pods away before new ones are there"
        if spec.get("minReadySeconds", 0) < 1:
            yield f"{pod.name}: no minReadySeconds"
        if not _pre_stop_s(pod):
            yield f"{pod.name}: no preStop: proxies still send it requests when it stops"


def there_is_time_to_stop(rendering: Rendering) -> Iterator[str]:
    """What has to end after the pod's deletion ends before it is killed."""
    for pod in pods_of(rendering.manifests):
        if pod.labels.get(TIER_LABEL) not in {"service", "edge"} or not pod.listening:
            continue
        said = _environment(pod, rendering)
        of_app = _drain_s(said) if pod.app_id else sum(seconds(said[name]) for name in OF_GATEWAY)
        sidecar = _seconds(pod, "block-shutdown-duration") + _seconds(
            pod, "graceful-shutdown-seconds"
        )
        needed = _pre_stop_s(pod) + of_app + sidecar
        if pod.spec["terminationGracePeriodSeconds"] <= needed:
            yield f"{pod.name}: is killed while it needs up to {needed:g} s to stop"


def sidecars_serve_as_long_as_they_are_called(rendering: Rendering) -> Iterator[str]:
    """Past preStop, when proxies still send requests; not past the notice, when the app refuses."""
    for pod in (each for each in pods_of(rendering.manifests) if each.app_id and each.listening):
        block, pre_stop = _seconds(pod, "block-shutdown-duration"), _pre_stop_s(pod)
        last = pre_stop + _setting(_environment(pod, rendering), "drain_notice_s")
        if not pre_stop < block < last:
            yield f"{pod.name}: its sidecar serves for {block:g} s, not {pre_stop:g} to {last:g}"


def _pre_stop_s(pod: Pod) -> float:
    hooks = (each.get("lifecycle", {}).get("preStop", {}) for each in pod.listening)
    return max((hook.get("sleep", {}).get("seconds", 0) for hook in hooks), default=0)


def _environment(pod: Pod, rendering: Rendering) -> dict[str, str]:
    said: dict[str, str] = {}
    maps = by_name(rendering.manifests, "ConfigMap")
    for container in pod.listening:
        for source in container.get("envFrom", ()):
            said |= maps.get(source.get("configMapRef", {}).get("name"), {}).get("data", {})
        said |= {each["name"]: each.get("value", "") for each in container.get("env", ())}
    return said


def _drain_s(said: dict[str, str]) -> float:
    return _setting(said, "drain_notice_s") + _setting(said, "drain_s")


def _setting(said: dict[str, str], name: str) -> float:
    return float(said.get(name.upper()) or Settings.model_fields[name].default)


def _seconds(pod: Pod, annotation: str) -> float:
    text = pod.annotations.get(f"dapr.io/{annotation}", "0")
    return float(text) if text.isdigit() else seconds(text)


def the_test_overlay_fits_two_cores(rendering: Rendering) -> Iterator[str]:
    """With room for the cluster itself; sidecars count."""
    if rendering.name != TEST_OVERLAY:
        return
    owners = autoscaled(rendering.manifests)
    total = sum(
        _cores(pod) * _least(pod, owners.get(pod.name)) for pod in pods_of(rendering.manifests)
    )
    if total >= CORES_OF_A_TEST_CLUSTER:
        yield f"its pods request {total:.2f} cores"


def _cores(pod: Pod) -> float:
    sidecar = pod.annotations.get("dapr.io/sidecar-cpu-request", "0") if pod.app_id else "0"
    requests = (each["resources"]["requests"]["cpu"] for each in pod.spec["containers"])
    return cores(sidecar) + sum(cores(each) for each in requests)


def _least(pod: Pod, scaler: Manifest | None) -> int:
    return _fewest(scaler) if scaler else pod.owner["spec"].get("replicas", 1)


def _fewest(scaler: Manifest) -> int:
    spec = scaler["spec"]
    return spec.get("minReplicaCount", 0) if "triggers" in spec else spec.get("minReplicas", 1)


def _most(scaler: Manifest) -> int:
    spec = scaler["spec"]
    return spec["maxReplicaCount"] if "triggers" in spec else spec["maxReplicas"]
