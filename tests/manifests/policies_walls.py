"""Who is kept out: of pods, of secrets, of the neighbours' namespace."""

import re
from collections.abc import Iterator
from typing import Final

from tests.manifests.objects import (
    DELIVERED,
    NAME_LABEL,
    TIER_LABEL,
    by_name,
    found,
    is_gateways,
    leaves,
    of_kind,
    pods_of,
    selected,
    selects,
    title,
)
from tools.manifest_render import DEV, ELSEWHERE, Manifest, Rendering

PART_OF: Final = "app.kubernetes.io/part-of"
LEVELS: Final = {f"pod-security.kubernetes.io/{mode}" for mode in ("enforce", "audit", "warn")}
IN_PLAIN_SIGHT: Final = re.compile(
    r"(?i)(\[\w*|^data\.\w*)(password|secret|credentials|(api|private|auth)_?(key|token))(\]\.value)?$"
)
"""Paths of values that are named like secrets: environment, a component's settings, ConfigMaps."""
WIDE: Final = 8
"""An address block with fewer bits than this is wider than the widest private network."""
PRIVATE: Final = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
FROM_LOAD: Final[list[Manifest]] = [{"podSelector": {"matchLabels": {TIER_LABEL: "load"}}}]
BY_TLS: Final = {
    "redis": {"name": "enableTLS", "value": "true"},
    "postgresql": {"name": "connectionString", "value": "sslmode=verify-full"},
}
"""What makes a component ask its server for a certificate."""


def the_namespace_admits_restricted_pods_only(rendering: Rendering) -> Iterator[str]:
    """One namespace, and Pod Security `restricted` enforced, audited and warned of."""
    namespaces = of_kind(rendering.manifests, "Namespace")
    if len(namespaces) != 1:
        yield f"{len(namespaces)} namespaces"
    for namespace in namespaces:
        labels = namespace["metadata"].get("labels", {})
        for level in sorted(level for level in LEVELS if labels.get(level) != "restricted"):
            yield f"{title(namespace)}: {level} is not restricted"


def nobody_talks_to_anybody_unless_allowed(rendering: Rendering) -> Iterator[str]:
    """Denied by default in both directions, and some policy is about each pod by its labels."""
    policies = of_kind(rendering.manifests, "NetworkPolicy")
    everything: Manifest = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if not any(each["spec"] == everything for each in policies):
        yield "no NetworkPolicy denies everything"
    named = [each["spec"] for each in policies if each["spec"]["podSelector"]]
    for pod in pods_of(rendering.manifests):
        own = [each for each in named if selects(each["podSelector"], pod.labels)]
        if not own:
            yield f"{pod.name}: no NetworkPolicy is about it"
        if pod.listening and not any(each.get("ingress") for each in own):
            yield f"{pod.name}: listens and nobody may talk to it"


def no_policy_opens_a_pod_to_everybody(rendering: Rendering) -> Iterator[str]:
    """Only the front door, ours or a Gateway's, lets everybody in; only a test goes anywhere.

    Nobody is let through to all ports, but for who tests.
    """
    for policy in of_kind(rendering.manifests, "NetworkPolicy"):
        spec = policy["spec"]
        own = selected(rendering.manifests, spec["podSelector"])
        tiers = {pod.labels.get(TIER_LABEL) for pod in own}
        front_door = tiers == {"edge"} or is_gateways(rendering.manifests, spec["podSelector"])
        for rule in spec.get("ingress", ()):
            if not front_door and _is_open(rule.get("from")):
                yield f"{title(policy)}: lets everybody in"
            if not rule.get("ports") and rule.get("from") != FROM_LOAD:
                yield f"{title(policy)}: lets in to every port"
        for rule in spec.get("egress", ()) if tiers != {"load"} else ():
            if _is_open(rule.get("to"), but_internet=True):
                yield f"{title(policy)}: lets its pods out to everybody"
            if not rule.get("ports"):
                yield f"{title(policy)}: lets its pods out to every port"


def _is_open(peers: list[Manifest] | None, *, but_internet: bool = False) -> bool:
    everybody = (each for each in peers or () if _is_everybody(each))
    return not peers or any(not (but_internet and _is_internet(each)) for each in everybody)


def _is_everybody(peer: Manifest) -> bool:
    """A wide block of addresses, or a selector that is empty."""
    if "ipBlock" in peer:
        return int(peer["ipBlock"]["cidr"].rpartition("/")[2]) < WIDE
    return any(not any(selector.values()) for selector in peer.values())


def _is_internet(peer: Manifest) -> bool:
    return set(peer.get("ipBlock", {}).get("except", ())) >= PRIVATE


def what_others_run_is_reached_by_tls(rendering: Rendering) -> Iterator[str]:
    """Stores and services outside of the cluster show a certificate."""
    if rendering.name not in DELIVERED:
        return
    for component in of_kind(rendering.manifests, "Component"):
        wanted = BY_TLS[component["spec"]["type"].rpartition(".")[2]]
        if wanted not in component["spec"]["metadata"]:
            yield f"{title(component)}: {wanted['name']} is not {wanted['value']}"
    for endpoint in of_kind(rendering.manifests, "HTTPEndpoint"):
        if not endpoint["spec"]["baseUrl"].startswith("https://"):
            yield f"{title(endpoint)}: {endpoint['spec']['baseUrl']} is in plain text"


def secrets_come_from_elsewhere(rendering: Rendering) -> Iterator[str]:
    """No Secret where the pipeline delivers, and nowhere a password in plain sight."""
    if rendering.name in DELIVERED:
        for secret in of_kind(rendering.manifests, "Secret"):
            yield f"{title(secret)}: its value stands in the manifests"
    for manifest in rendering.manifests:
        for path, _ in leaves(manifest):
            if IN_PLAIN_SIGHT.search(path) and manifest["kind"] != "Secret":
                yield f"{title(manifest)}: {path} belongs into a Secret"


def secrets_are_files(rendering: Rendering) -> Iterator[str]:
    """A container's environment is inherited by its children and stands in dumps of any of them."""
    for pod in pods_of(rendering.manifests):
        for container in pod.containers:
            for _, reference in found(container, "secretKeyRef", "secretRef"):
                yield f"{pod.name}: {container['name']} has {reference['name']} as environment"


def the_namespace_is_said_once(rendering: Rendering) -> Iterator[str]:
    """With another `namespace:` in the overlay nothing of the old one is left."""
    if not rendering.elsewhere:
        return
    [old] = by_name(rendering.manifests, "Namespace")
    for manifest in rendering.elsewhere:
        inside = manifest["metadata"].get("namespace", manifest["metadata"]["name"])
        if inside != ELSEWHERE:
            yield f"{title(manifest)}: stays in {inside}"
        for path, value in leaves(manifest):
            field = path.rpartition(".")[2].partition("[")[0]
            named = field in {"namespace", "namespaces"} and value == old
            if named or re.search(rf"\.{old}\.svc|/ns/{old}/|ns:{old}\b", str(value)):
                yield f"{title(manifest)}: {path} still says {value}"


def everything_is_labelled(rendering: Rendering) -> Iterator[str]:
    """As part of the cafe; pods and their owners by name, and Services select by name alone."""
    for manifest in rendering.manifests:
        if manifest["metadata"].get("labels", {}).get(PART_OF) != "cafe":
            yield f"{title(manifest)}: is not labelled as part of the cafe"
    for pod in pods_of(rendering.manifests):
        if not pod.labels.get(NAME_LABEL) or pod.labels.get(PART_OF) != "cafe":
            yield f"{pod.name}: its pods are not labelled with its name, as part of the cafe"
    for service in of_kind(rendering.manifests, "Service"):
        if list(service["spec"].get("selector", {})) != [NAME_LABEL]:
            yield f"{title(service)}: does not select by name alone"


def only_the_overlay_dev_plays_others(rendering: Rendering) -> Iterator[str]:
    """The sandbox and stores without a backup are for development."""
    if rendering.name.startswith((DEV, "tests/")):
        return
    for pod in pods_of(rendering.manifests):
        if pod.labels.get(TIER_LABEL) in {"sandbox", "store", "load"}:
            yield f"{pod.name}: is a stand-in"
