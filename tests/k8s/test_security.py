"""Pod Security `restricted`, and secrets that stay where they are."""

import base64

import pytest

from tests.k8s.cluster import SERVICES, SIDECAR, Cluster
from tests.k8s.conftest import Told

pytestmark = pytest.mark.k8s
FEATURE = "Pod Security, Secrets"
MODES = ("enforce", "audit", "warn")


async def test_every_pod_is_admitted_as_restricted_its_sidecar_too(
    cluster: Cluster, told: Told
) -> None:
    """All services run with daprd where `restricted` is enforced; no pod may be root."""
    labels = (await cluster.get("namespace", cluster.namespace))["metadata"]["labels"]
    pods = {service: await cluster.ready(service) for service in SERVICES}
    image = pods["order-svc"][0]["spec"]["containers"][0]["image"]

    root = await cluster.asked("run", "root", f"--image={image}", "--dry-run=server")

    admitted = sum(map(len, pods.values()))
    told.add(f"{admitted} pods of the services run with {SIDECAR}; refused: {root.err.strip()}")
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in MODES} == {"restricted"}
    for service, found in pods.items():
        assert found, service
        assert all(_has_sidecar(pod["spec"]) for pod in found), service
    assert "violates PodSecurity" in root.err


def _has_sidecar(spec: dict[str, list[dict[str, str]]]) -> bool:
    everything = [*spec["containers"], *spec.get("initContainers", [])]
    return any(container["name"] == SIDECAR for container in everything)


async def test_no_secret_is_told_by_the_cluster_or_printed_by_a_program(
    cluster: Cluster, told: Told
) -> None:
    """Each value is looked for in objects, `kubectl describe` and logs (not in environ, layers)."""
    secrets = (await cluster.get("secrets"))["items"]
    encoded = {value for secret in secrets for value in secret.get("data", {}).values()}
    values = {base64.b64decode(value).decode(errors="replace") for value in encoded} | encoded
    kinds = "pods,deployments,statefulsets,configmaps,components,configurations,events"

    seen = {
        "objects": await cluster.run("get", kinds, "-o", "yaml"),
        "describe": await cluster.run("describe", "pods"),
    }
    for pod in (await cluster.get("pods"))["items"]:
        name = pod["metadata"]["name"]
        seen[name] = await cluster.run("logs", name, "--all-containers", "--tail=-1")

    leaks = [place for place, text in seen.items() for value in values if value in text]
    size = sum(map(len, seen.values())) / 1e6
    told.add(f"{len(encoded)} values, logs of {len(seen) - 2} pods, {size:.1f} MB read")
    told.add(f"found: {len(leaks)}")
    assert leaks == []
    assert len(encoded) >= 8
