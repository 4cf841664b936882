"""Pod Security `restricted`, and secrets that stay where they are."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.k8s.books import decoded
from tests.k8s.cluster import SERVICES, SIDECAR, Cluster
from tests.k8s.conftest import Told

pytestmark = pytest.mark.k8s
FEATURE = "Pod Security, Secrets"
MODES = ("enforce", "audit", "warn")
LOOK: Final = Path(__file__).with_name("look.py")
LOOK_WITHIN_S: Final = 120.0
FILES_OF_PYTHON: Final = 1000
"""There are more in any image with Python: a look that finds fewer has not looked."""
SANDBOX: Final = "payment-gateway"
STORES: Final = ("valkey", "postgres")


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
    """Each value is looked for in objects, `kubectl describe` and the logs of every container."""
    encoded = await _encoded(cluster)
    values = {*map(decoded, encoded), *encoded}
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


async def test_no_environment_and_no_image_of_ours_holds_a_secret(
    cluster: Cluster, told: Told
) -> None:
    """Each value is looked for in the environment of every process and in each file of images."""
    values = sorted({*map(decoded, await _encoded(cluster))})
    script = f"VALUES = {values!r}\n{LOOK.read_text()}"
    seen: dict[str, list[str]] = {}

    for name in (*SERVICES, SANDBOX):
        printed = await cluster.python(f"deployment/{name}", script, timeout_s=LOOK_WITHIN_S)
        found = json.loads(printed)
        processes, files = found["looked"]
        told.add(f"{name}: {processes} processes, {files} files")
        assert processes >= 1
        assert files >= FILES_OF_PYTHON
        for place, numbers in {"environ": found["environ"], **found["files"]}.items():
            seen[f"{name} {place}"] = [values[number] for number in numbers]
    for name in STORES:
        # Valkey writes its title over what /proc tells of its environment: `env` is given the same.
        environ = await cluster.exec(f"statefulset/{name}", name, "env")
        assert "PATH=" in environ
        seen[f"{name} environ"] = [value for value in values if value in environ]

    told.add("valkey, postgres: what their container gives to a process")
    told.add(f"{len(values)} values, found: {sum(map(len, seen.values()))}")
    told.add("not looked into, for want of a shell: edge; daprd, which gets its tokens that way")
    assert [place for place, leaked in seen.items() if leaked] == []


async def _encoded(cluster: Cluster) -> set[str]:
    secrets = (await cluster.get("secrets"))["items"]
    return {value for secret in secrets for value in secret.get("data", {}).values()}
