"""What a rendering holds, by what it is: pods, containers, objects of a kind."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from tools.manifest_render import Manifest

TEMPLATED: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet")
AUTOSCALERS: Final = ("HorizontalPodAutoscaler", "ScaledObject")
GATEWAY_LABEL: Final = "gateway.networking.k8s.io/gateway-name"
NAME_LABEL: Final = "app.kubernetes.io/name"
TIER_LABEL: Final = "cafe.dev/tier"
DELIVERED: Final = ("k8s/overlays/staging", "k8s/overlays/prod")
"""Where the pipeline brings what it built."""


@dataclass(frozen=True)
class Pod:
    """A pod as its owner, a Deployment or the like, would make it; a bare Pod owns itself."""

    owner: Manifest
    metadata: Manifest
    spec: Manifest

    @property
    def name(self) -> str:
        """Its owner's "Kind/name"."""
        return title(self.owner)

    @property
    def labels(self) -> dict[str, str]:
        """What selectors look at."""
        return self.metadata.get("labels", {})

    @property
    def annotations(self) -> dict[str, str]:
        """What Dapr's injector reads, among others."""
        return self.metadata.get("annotations", {})

    @property
    def app_id(self) -> str:
        """The app-id of its sidecar, "" if it gets none."""
        enabled = self.annotations.get("dapr.io/enabled") == "true"
        return self.annotations.get("dapr.io/app-id", "") if enabled else ""

    @property
    def containers(self) -> list[Manifest]:
        """Containers and those that run before them."""
        return [*self.spec["containers"], *self.spec.get("initContainers", ())]

    @property
    def listening(self) -> list[Manifest]:
        """The containers that have ports."""
        return [each for each in self.spec["containers"] if each.get("ports")]

    def has_port(self, port: int | str) -> bool:
        """Whether a container has this port, by number or name."""
        ports = (each for container in self.listening for each in container["ports"])
        return any(port in {each["containerPort"], each.get("name")} for each in ports)


def title(manifest: Manifest) -> str:
    """Return "Kind/name"."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def of_kind(manifests: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    """Return the objects of these kinds, custom resources of any API group among them."""
    return [each for each in manifests if each["kind"] in kinds]


def by_name(manifests: Iterable[Manifest], kind: str) -> dict[str, Manifest]:
    """Return the objects of a kind by their names."""
    return {each["metadata"]["name"]: each for each in of_kind(manifests, kind)}


def pods_of(manifests: Iterable[Manifest]) -> list[Pod]:
    """Return a pod for each object that makes some."""
    return [
        *(
            Pod(
                each, each["spec"]["template"].get("metadata", {}), each["spec"]["template"]["spec"]
            )
            for each in of_kind(manifests, *TEMPLATED)
        ),
        *(Pod(each, each["metadata"], each["spec"]) for each in of_kind(manifests, "Pod")),
    ]


def scaled(manifests: Iterable[Manifest]) -> list[Pod]:
    """Return the Deployments that are more than one pod: by an autoscaler or by their replicas."""
    targets = set(autoscaled(manifests))
    return [
        pod
        for pod in pods_of(of_kind(manifests, "Deployment"))
        if pod.name in targets or pod.owner["spec"].get("replicas", 1) > 1
    ]


def autoscaled(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """Return "Kind/name" of what an autoscaler owns -> the autoscaler.

    A canary's Rollout stands for the Deployment that it takes its pods from.
    """
    canaries = {
        title(each): each["spec"]["workloadRef"]
        for each in of_kind(manifests, "Rollout")
        if "workloadRef" in each["spec"]
    }
    owners: dict[str, Manifest] = {}
    for scaler in of_kind(manifests, *AUTOSCALERS):
        target = scaled_by(scaler)
        reference = canaries.get(target)
        owners[f"{reference['kind']}/{reference['name']}" if reference else target] = scaler
    return owners


def scaled_by(scaler: Manifest) -> str:
    """Return "Kind/name" of the target of an autoscaler."""
    target = scaler["spec"]["scaleTargetRef"]
    return f"{target.get('kind', 'Deployment')}/{target['name']}"


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector fits; an empty one fits everything."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_fits(each, labels) for each in selector.get("matchExpressions", ()))


def _fits(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if expression["operator"] != "In":
        raise ValueError(f"no check knows the operator {expression['operator']}")
    return labels.get(expression["key"]) in expression["values"]


def selected(manifests: Iterable[Manifest], selector: Mapping[str, Any]) -> list[Pod]:
    """Return the pods that a label selector fits."""
    return [pod for pod in pods_of(manifests) if selects(selector, pod.labels)]


def is_gateways(manifests: Iterable[Manifest], selector: Mapping[str, Any]) -> bool:
    """Whether it selects the pods that a controller makes for a Gateway that is there."""
    name = selector.get("matchLabels", {}).get(GATEWAY_LABEL)
    return name in by_name(manifests, "Gateway")


def has_service(manifests: Iterable[Manifest], name: str, port: int) -> bool:
    """Whether there is a Service of this name with this port."""
    services = by_name(manifests, "Service")
    return name in services and port in {each["port"] for each in services[name]["spec"]["ports"]}


def cores(quantity: str | float) -> float:
    """Read a quantity of CPU: "100m" is 0.1, "1" is 1."""
    text = str(quantity)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def mebibytes(quantity: str) -> float:
    """Read a quantity of memory with its binary unit: "1Gi" and Go's "1GiB" are 1024."""
    units = {"Ki": 2**-10, "Mi": 1, "Gi": 2**10}
    number, unit = quantity.removesuffix("B")[:-2], quantity.removesuffix("B")[-2:]
    return float(number) * units[unit]


def found(value: object, *keys: str) -> Iterator[tuple[str, Manifest]]:
    """Yield (key, mapping) wherever one of these keys has a mapping, at any depth."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from found(inner, *keys)
            if key in keys and isinstance(inner, dict):
                yield key, cast("Manifest", inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from found(inner, *keys)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value that holds no others, with its path; items by name where they have one."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[object]", value)):
            yield from leaves(inner, f"{path}[{_name(inner) or index}]")
    else:
        yield path, value


def _name(value: object) -> object:
    return cast("dict[str, object]", value).get("name") if isinstance(value, dict) else None
