"""The patches that docs/kubernetes.md has for copying do what it says, in an overlay."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.manifests.objects import by_name, of_kind
from tests.manifests.policies import POLICIES
from tools.build_kustomize import ensure_kustomize
from tools.manifest_render import ROOT, Manifest, Rendering, build
from tools.manifest_schemas import complaints

pytestmark = pytest.mark.manifests

STAGING: Final = "k8s/overlays/staging"
NEEDED: Final = ("components", "k8s/base", "k8s/components", STAGING)


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """The overlay staging with every block of YAML in the page added to it."""
    root = tmp_path_factory.mktemp("patched")
    for name in NEEDED:
        shutil.copytree(ROOT / name, root / name)
    (root / STAGING / "ca.crt").write_text("a certificate")
    file = root / STAGING / "kustomization.yaml"
    overlay: dict[str, Any] = yaml.safe_load(file.read_text())
    for key, items in blocks(ROOT / "docs" / "kubernetes.md"):
        overlay[key] += items
    file.write_text(yaml.safe_dump(overlay))
    return list(yaml.safe_load_all(build(ensure_kustomize(), root / STAGING)))


def blocks(page: Path) -> Iterator[tuple[str, list[Any]]]:
    """Yield (key of a kustomization, what is added to it); a bare list is of patches."""
    for text in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        said: dict[str, list[Any]] | list[Any] = yaml.safe_load(text)
        yield from ({"patches": said} if isinstance(said, list) else said).items()


def test_a_patched_overlay_keeps_schemas_and_policies(patched: list[Manifest]) -> None:
    rendering = Rendering(STAGING, patched, [])

    told = [each for judge in POLICIES.values() for each in judge(rendering)]

    assert told == []
    assert [each for manifest in patched for each in complaints(manifest)] == []


def test_every_account_shows_the_registry_its_secret(patched: list[Manifest]) -> None:
    accounts = by_name(patched, "ServiceAccount")

    assert len(accounts) == 5
    assert all(each["imagePullSecrets"] == [{"name": "registry"}] for each in accounts.values())


def test_sidecars_and_stores_find_the_file_of_the_authority(patched: list[Manifest]) -> None:
    template = by_name(patched, "Deployment")["order-svc"]["spec"]["template"]
    notes = template["metadata"]["annotations"]
    volumes = {each["name"]: each for each in template["spec"]["volumes"]}
    components = [each["spec"] for each in of_kind(patched, "Component")]

    name, _, folder = notes["dapr.io/volume-mounts"].partition(":")
    found_at = {"name": "sslRootCert", "value": f"{folder}/ca.crt"}

    assert "ca.crt" in by_name(patched, "ConfigMap")[volumes[name]["configMap"]["name"]]["data"]
    assert notes["dapr.io/env"] == f"{_env_before()},SSL_CERT_FILE={folder}/ca.crt"
    assert all(
        (found_at in each["metadata"]) == (each["type"] == "state.postgresql")
        for each in components
    )


def _env_before() -> str:
    sidecar = yaml.safe_load((ROOT / "k8s" / "components" / "dapr" / "sidecar.yaml").read_text())
    return sidecar["spec"]["template"]["metadata"]["annotations"]["dapr.io/env"]
