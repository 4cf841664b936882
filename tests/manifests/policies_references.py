"""Whoever names something names something that is there."""

import re
from collections.abc import Iterator
from typing import Final

from tests.manifests.objects import (
    AUTOSCALERS,
    Pod,
    by_name,
    found,
    has_service,
    is_gateways,
    of_kind,
    pods_of,
    scaled_by,
    selected,
    selects,
    title,
)
from tools.manifest_render import Manifest, Rendering

KIND_OF: Final = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "configMap": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "secret": "Secret",
}
"""What a pod takes in, by the field that says so."""
SECRET_ANNOTATIONS: Final = ("dapr.io/api-token-secret", "dapr.io/app-token-secret")


def configuration_and_secrets_are_there(rendering: Rendering) -> Iterator[str]:
    """Each ConfigMap and Secret, with the key, that a container or a volume takes in."""
    known = _keys(rendering)
    for pod in pods_of(rendering.manifests):
        for kind, name, key in _taken_in(pod):
            if name not in known[kind]:
                yield f"{pod.name}: there is no {kind} {name}"
            elif key and key not in known[kind][name]:
                yield f"{pod.name}: {kind} {name} has no key {key}"


def secrets_of_custom_resources_are_there(rendering: Rendering) -> Iterator[str]:
    """Each Secret and key that a Dapr component or a KEDA trigger takes in."""
    secrets = _keys(rendering)["Secret"]
    for manifest in of_kind(rendering.manifests, "Component", "HTTPEndpoint"):
        for _, reference in found(manifest["spec"], "secretKeyRef"):
            if reference["key"] not in secrets.get(reference["name"], ()):
                yield f"{title(manifest)}: no key {reference['key']} in Secret {reference['name']}"
    for manifest in of_kind(rendering.manifests, "TriggerAuthentication"):
        for each in manifest["spec"].get("secretTargetRef", ()):
            if each["key"] not in secrets.get(each["name"], ()):
                yield f"{title(manifest)}: no key {each['key']} in Secret {each['name']}"


def _keys(rendering: Rendering) -> dict[str, dict[str, set[str]]]:
    maps = by_name(rendering.manifests, "ConfigMap")
    secrets = by_name(rendering.manifests, "Secret")
    external = of_kind(rendering.manifests, "ExternalSecret")
    made = {
        each["spec"].get("target", {}).get("name", each["metadata"]["name"]): {
            item["secretKey"] for item in each["spec"]["data"]
        }
        for each in external
    }
    return {
        "ConfigMap": {name: set(each.get("data", ())) for name, each in maps.items()},
        "Secret": {name: set(each.get("data", ())) for name, each in secrets.items()} | made,
    }


def _taken_in(pod: Pod) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, name, key or "")."""
    for field, reference in found(pod.spec, *KIND_OF):
        name = reference.get("secretName") or reference["name"]
        for item in reference.get("items", ({"key": reference.get("key", "")},)):
            yield KIND_OF[field], name, item["key"]
    for name in SECRET_ANNOTATIONS:
        if name in pod.annotations:
            yield "Secret", pod.annotations[name], "token"


def accounts_and_volumes_are_there(rendering: Rendering) -> Iterator[str]:
    """Service accounts, volumes that are mounted, claims."""
    accounts = by_name(rendering.manifests, "ServiceAccount")
    claims = by_name(rendering.manifests, "PersistentVolumeClaim")
    for pod in pods_of(rendering.manifests):
        account = pod.spec.get("serviceAccountName", "default")
        if account != "default" and account not in accounts:
            yield f"{pod.name}: there is no service account {account}"
        volumes = {each["name"]: each for each in pod.spec.get("volumes", ())}
        templates = pod.owner["spec"].get("volumeClaimTemplates", ())
        names = volumes.keys() | {each["metadata"]["name"] for each in templates}
        mounts = (
            each for container in pod.containers for each in container.get("volumeMounts", ())
        )
        for missing in {each["name"] for each in mounts} - names:
            yield f"{pod.name}: there is no volume {missing}"
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in claims:
                yield f"{pod.name}: there is no claim {claim}"


def owners_select_their_own_pods(rendering: Rendering) -> Iterator[str]:
    """A Deployment's selector fits its own pods and nobody else's."""
    for pod in pods_of(rendering.manifests):
        if "selector" not in pod.owner["spec"]:
            continue
        fitting = {
            each.name for each in selected(rendering.manifests, pod.owner["spec"]["selector"])
        }
        if fitting != {pod.name}:
            yield f"{pod.name}: selects {sorted(fitting)}"


def services_lead_to_pods(rendering: Rendering) -> Iterator[str]:
    """Each Service selects the pods of one owner, and its port is one of theirs."""
    for service in of_kind(rendering.manifests, "Service"):
        spec = service["spec"]
        pods = selected(rendering.manifests, {"matchLabels": spec.get("selector", {})})
        if len(pods) != 1:
            yield f"{title(service)}: selects {[pod.name for pod in pods]}"
        for port in spec["ports"]:
            target = port.get("targetPort", port["port"])
            for pod in (pod for pod in pods if not pod.has_port(target)):
                yield f"{title(service)}: {pod.name} has no port {target}"


def routes_lead_to_services(rendering: Rendering) -> Iterator[str]:
    """Each backend of an HTTPRoute is the Service of its name, or that of its canary."""
    gateways = by_name(rendering.manifests, "Gateway")
    for route in of_kind(rendering.manifests, "HTTPRoute"):
        for parent in route["spec"]["parentRefs"]:
            if parent["name"] not in gateways:
                yield f"{title(route)}: there is no Gateway {parent['name']}"
        for rule in route["spec"]["rules"]:
            for backend in rule.get("backendRefs", ()):
                if backend["name"].removesuffix("-canary") != route["metadata"]["name"]:
                    yield f"{title(route)}: leads to {backend['name']}"
                if not has_service(rendering.manifests, backend["name"], backend["port"]):
                    yield f"{title(route)}: no Service {backend['name']}:{backend['port']}"


def addresses_lead_to_services(rendering: Rendering) -> Iterator[str]:
    """Hosts without a dot are names of this namespace; the host itself is nobody's place."""
    for owner, address in _addresses(rendering):
        host, _, port = address.rpartition("//")[2].partition(":")
        if host == "localhost":
            yield f"{owner}: {address} is the pod itself"
        elif "." not in host and not has_service(rendering.manifests, host, int(port or 80)):
            yield f"{owner}: there is no Service {address}"


def _addresses(rendering: Rendering) -> Iterator[tuple[str, str]]:
    for endpoint in of_kind(rendering.manifests, "HTTPEndpoint"):
        yield title(endpoint), endpoint["spec"]["baseUrl"]
    for component in of_kind(rendering.manifests, "Component"):
        said = {each["name"]: each.get("value", "") for each in component["spec"]["metadata"]}
        if "redisHost" in said:
            yield title(component), said["redisHost"]
        if "host" in said:
            yield title(component), f"{said['host']}:{said['port']}"
    for config in of_kind(rendering.manifests, "ConfigMap"):
        for value in config["data"].values():
            if re.fullmatch(r"[a-z-]+:\d+", value):
                yield title(config), value


def what_is_scaled_is_there(rendering: Rendering) -> Iterator[str]:
    """Targets of autoscalers and of canaries, and triggers' authentication."""
    owners = {title(each) for each in rendering.manifests}
    for scaler in of_kind(rendering.manifests, *AUTOSCALERS):
        if scaled_by(scaler) not in owners:
            yield f"{title(scaler)}: there is no {scaled_by(scaler)}"
    for rollout in of_kind(rendering.manifests, "Rollout"):
        target = rollout["spec"].get("workloadRef")
        if target and f"{target['kind']}/{target['name']}" not in owners:
            yield f"{title(rollout)}: there is no {target['kind']}/{target['name']}"
    for scaler in of_kind(rendering.manifests, "ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            name = trigger.get("authenticationRef", {}).get("name")
            if name and f"TriggerAuthentication/{name}" not in owners:
                yield f"{title(scaler)}: there is no TriggerAuthentication {name}"


def network_policies_mean_pods_that_exist(rendering: Rendering) -> Iterator[str]:
    """Of this namespace: whom a policy is for, whom it lets through, and ports by name."""
    for policy in of_kind(rendering.manifests, "NetworkPolicy"):
        spec = policy["spec"]
        own = selected(rendering.manifests, spec["podSelector"])
        if not own and not is_gateways(rendering.manifests, spec["podSelector"]):
            yield f"{title(policy)}: is for no pod"
        for rule in spec.get("ingress", ()):
            yield from _dangling(policy, rule, own, rendering)
        for rule in spec.get("egress", ()):
            yield from _dangling(policy, rule, pods_of(rendering.manifests), rendering)


def _dangling(
    policy: Manifest, rule: Manifest, reached: list[Pod], rendering: Rendering
) -> Iterator[str]:
    for peer in (*rule.get("from", ()), *rule.get("to", ())):
        local = "podSelector" in peer and "namespaceSelector" not in peer
        if local and not selected(rendering.manifests, peer["podSelector"]):
            yield f"{title(policy)}: lets through pods that are not there: {peer['podSelector']}"
    to = [each["podSelector"] for each in rule.get("to", ()) if "podSelector" in each]
    if to:
        reached = [pod for pod in reached if any(selects(each, pod.labels) for each in to)]
    for port in (each["port"] for each in rule.get("ports", ())):
        if isinstance(port, str) and not any(pod.has_port(port) for pod in reached):
            yield f"{title(policy)}: no pod there has a port {port}"
