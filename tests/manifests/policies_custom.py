"""What Istio, KEDA, Prometheus and Argo Rollouts are told is about things that are there."""

from collections.abc import Iterator
from typing import Final

from tests.components.resources import of_kind as resources
from tests.components.resources import topic_scopes
from tests.manifests.objects import (
    Pod,
    by_name,
    has_service,
    is_gateways,
    of_kind,
    pods_of,
    selected,
    title,
)
from tools.manifest_render import Manifest, Rendering

OF_THE_MESH: Final = (
    "AuthorizationPolicy",
    "PeerAuthentication",
    "RequestAuthentication",
    "Telemetry",
)
OF_THE_SIDECAR: Final = {"dapr-metrics", "50002", "9090", "3501"}
"""What the injector opens: metrics by name; internal calls, metrics and public health by number."""


def policies_of_the_mesh_are_for_pods_that_exist(rendering: Rendering) -> Iterator[str]:
    """Whom they select, which of their ports, and which accounts they let in."""
    gateways = {f"{name}-istio" for name in by_name(rendering.manifests, "Gateway")}
    accounts = by_name(rendering.manifests, "ServiceAccount").keys() | gateways
    for policy in of_kind(rendering.manifests, *OF_THE_MESH):
        selector = policy["spec"].get("selector", {})
        pods = selected(rendering.manifests, selector)
        if not pods and not is_gateways(rendering.manifests, selector):
            yield f"{title(policy)}: is for no pod"
        for port in policy["spec"].get("portLevelMtls", ()):
            yield from _no_port(policy, pods, port)
        for rule in policy["spec"].get("rules", ()):
            for source in (each["source"] for each in rule.get("from", ())):
                for account in sorted(set(source.get("serviceAccounts", ())) - accounts):
                    yield f"{title(policy)}: there is no service account {account}"


def traffic_is_ruled_to_services_that_exist(rendering: Rendering) -> Iterator[str]:
    """Ours, and the one that Dapr's operator makes for the sidecars of each app."""
    of_sidecars = {f"{pod.app_id}-dapr" for pod in pods_of(rendering.manifests) if pod.app_id}
    known = by_name(rendering.manifests, "Service").keys() | of_sidecars
    for rule in of_kind(rendering.manifests, "DestinationRule"):
        if rule["spec"]["host"] not in known:
            yield f"{title(rule)}: there is no Service {rule['spec']['host']}"


def metrics_are_read_where_there_are_some(rendering: Rendering) -> Iterator[str]:
    """A PodMonitor of no pod, or of no port, is silent for ever."""
    for monitor in of_kind(rendering.manifests, "PodMonitor"):
        pods = selected(rendering.manifests, monitor["spec"]["selector"])
        if not pods:
            yield f"{title(monitor)}: is for no pod"
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            yield from _no_port(monitor, pods, endpoint["port"])


def _no_port(manifest: Manifest, pods: list[Pod], port: str) -> Iterator[str]:
    number = int(port) if port.isdigit() else port
    if port not in OF_THE_SIDECAR and not any(pod.has_port(number) for pod in pods):
        yield f"{title(manifest)}: no pod there has a port {port}"


def a_consumer_scales_by_its_own_backlog(rendering: Rendering) -> Iterator[str]:
    """By a stream that the service hears, in the group of its app-id, at our broker."""
    hears: dict[str, set[str]] = {}
    for pubsub in resources("Component", "pubsub.").values():
        for app_id, topics in topic_scopes(pubsub, "subscriptionScopes").items():
            hears.setdefault(app_id, set()).update(topics)
    for scaler in of_kind(rendering.manifests, "ScaledObject"):
        own = scaler["spec"]["scaleTargetRef"]["name"]
        for trigger in scaler["spec"]["triggers"]:
            said = trigger["metadata"]
            if trigger["type"] != "redis-streams":
                continue
            if said["consumerGroup"] != own or said["stream"] not in hears[own]:
                yield f"{title(scaler)}: {own} hears no {said['stream']} as {said['consumerGroup']}"
            host, _, port = said["address"].partition(":")
            if not has_service(rendering.manifests, host.partition(".")[0], int(port)):
                yield f"{title(scaler)}: there is no {said['address']}"


def a_canary_has_a_way_in_and_a_verdict(rendering: Rendering) -> Iterator[str]:
    """Both Services, the route with both as backends, and the analysis."""
    services = by_name(rendering.manifests, "Service").keys()
    templates = by_name(rendering.manifests, "AnalysisTemplate").keys()
    routes = by_name(rendering.manifests, "HTTPRoute")
    for rollout in of_kind(rendering.manifests, "Rollout"):
        canary = rollout["spec"]["strategy"]["canary"]
        both = {canary["stableService"], canary["canaryService"]}
        for missing in sorted(both - services):
            yield f"{title(rollout)}: there is no Service {missing}"
        name = canary["trafficRouting"]["plugins"]["argoproj-labs/gatewayAPI"]["httpRoute"]
        rules = routes[name]["spec"]["rules"] if name in routes else ()
        if not any(both == {each["name"] for each in rule["backendRefs"]} for rule in rules):
            yield f"{title(rollout)}: no rule of HTTPRoute {name} leads to both versions"
        for each in canary["analysis"]["templates"]:
            if each["templateName"] not in templates:
                yield f"{title(rollout)}: there is no AnalysisTemplate {each['templateName']}"
