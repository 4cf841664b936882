"""Where Istio is: nobody gets in without mTLS, and without a token only to what is public."""

from collections.abc import Iterator
from itertools import product
from typing import Final

from tests.manifests.objects import TIER_LABEL, Pod, of_kind, pods_of, selected, selects, title
from tests.manifests.policies_custom import OF_THE_MESH, OF_THE_SIDECAR
from tools.edge_table import read_routes
from tools.manifest_render import Manifest, Rendering

ANYBODY: Final[Manifest] = {"source": {}}
ANYTHING: Final[Manifest] = {"operation": {}}


def the_mesh_denies_by_default(rendering: Rendering) -> Iterator[str]:
    """By a policy for all pods that has no rule, and mTLS that is for all."""
    if not of_kind(rendering.manifests, *OF_THE_MESH):
        return
    policies = of_kind(rendering.manifests, "AuthorizationPolicy")
    if {} not in [each["spec"] for each in policies]:
        yield "no AuthorizationPolicy denies everything"
    mutual = of_kind(rendering.manifests, "PeerAuthentication")
    if all("selector" in each["spec"] for each in mutual):
        yield "no PeerAuthentication is for all"


def the_mesh_speaks_mtls(rendering: Rendering) -> Iterator[str]:
    """But at ports of Dapr's sidecars, which have their own, and where people come in."""
    for policy in of_kind(rendering.manifests, "PeerAuthentication"):
        spec = policy["spec"]
        pods = selected(rendering.manifests, spec.get("selector", {}))
        front_door = {pod.labels.get(TIER_LABEL) for pod in pods} == {"edge"}
        if spec.get("mtls", {}).get("mode") != "STRICT":
            yield f"{title(policy)}: is not strict"
        for port, mutual in spec.get("portLevelMtls", {}).items():
            exempt = front_door or port in OF_THE_SIDECAR
            if mutual.get("mode") != "STRICT" and not exempt:
                yield f"{title(policy)}: port {port} is not strict"


def without_a_token_there_is_what_the_table_calls_public(rendering: Rendering) -> Iterator[str]:
    """That and nothing else: the rows of edge/routes.toml whose only role is "public"."""
    if not of_kind(rendering.manifests, *OF_THE_MESH):
        return
    rows = [row for row in read_routes() if row.roles == ("public",)]
    for pod in pods_of(rendering.manifests):
        if pod.labels.get(TIER_LABEL) != "service":
            continue
        public = {(row.method, row.inner) for row in rows if row.service == pod.app_id}
        for method, path in sorted(public ^ set(_open(pod, rendering))):
            yield f"{pod.name}: {method} {path} is not public both here and in edge/routes.toml"


def _open(pod: Pod, rendering: Rendering) -> Iterator[tuple[str, str]]:
    """Yield (method, path) of what its proxy asks no token for."""
    for policy in of_kind(rendering.manifests, "AuthorizationPolicy"):
        spec = policy["spec"]
        if spec.get("action", "ALLOW") != "ALLOW" or not selects(
            spec.get("selector", {}), pod.labels
        ):
            continue
        for rule in spec.get("rules", ()):
            sources = [each["source"] for each in rule.get("from", (ANYBODY,))]
            if all("requestPrincipals" in each for each in sources):
                continue
            for operation in (each["operation"] for each in rule.get("to", (ANYTHING,))):
                yield from product(operation.get("methods", "*"), operation.get("paths", "*"))
