"""What stands around the manifests: READMEs of components, and what GitOps follows."""

import re
from typing import Any, Final

import pytest

from tests.manifests.objects import found, of_kind
from tools.build_dapr import RUNTIME
from tools.custom_schemas import FOLDER
from tools.manifest_render import COMPONENTS, ROOT, Manifest, render
from tools.manifest_schemas import complaints

pytestmark = pytest.mark.manifests

CLUSTERS: Final = sorted(
    str(file.parent.relative_to(ROOT))
    for file in (ROOT / "k8s" / "gitops").glob("*/kustomization.yaml")
    if file.parent.name != "base"
)
INSTALLED: Final = {
    "dapr": "github.com/dapr/dapr",
    "keda": "github.com/kedacore/keda/v2",
    "istiod": "istio.io/api",
}
"""Chart -> the module whose definitions the manifests are checked against."""


def charts_of(cluster: str) -> dict[str, tuple[str, list[str]]]:
    """Return chart -> its version and its files of values, as the ApplicationSet fills them in."""
    [one] = of_kind(render(cluster), "ApplicationSet")
    files = [
        name for _, helm in found(one["spec"]["template"], "helm") for name in helm["valueFiles"]
    ]
    return {
        each["chart"]: (each["version"], [filled_in(name, each) for name in files])
        for generator in one["spec"]["generators"]
        for each in generator["list"]["elements"]
    }


def filled_in(text: str, element: dict[str, Any]) -> str:
    return re.sub(r"\{\{\.(\w+)\}\}", lambda match: element[match[1]], text)


def test_there_is_a_cluster_to_follow_for_each_overlay_that_the_pipeline_delivers() -> None:
    assert CLUSTERS == ["k8s/gitops/prod", "k8s/gitops/staging"]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_a_cluster_follows_fits_its_schema_and_is_there(cluster: str) -> None:
    manifests: list[Manifest] = render(cluster)

    applications = of_kind(manifests, "Application")
    sources = [each["spec"]["source"] for each in applications]
    values = [
        name.removeprefix("$repository/")
        for _, names in charts_of(cluster).values()
        for name in names
    ]

    assert [told for each in manifests for told in complaints(each)] == []
    assert [each["path"] for each in sources] == [cluster.replace("gitops", "overlays")]
    assert values
    assert [each for each in values if not (ROOT / each).is_file()] == []


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_is_installed_is_what_the_schemas_are_of(cluster: str) -> None:
    charts = charts_of(cluster)

    versions = {name: charts[name][0] for name in INSTALLED}

    assert {name: minor(version) for name, version in versions.items()} == {
        name: minor(pinned(module)) for name, module in INSTALLED.items()
    }
    assert versions["dapr"] == pinned(INSTALLED["dapr"]) == RUNTIME.version


def test_commands_to_copy_install_the_same_versions() -> None:
    listed = {name: version for name, (version, _) in charts_of(CLUSTERS[0]).items()}
    readme = (ROOT / "k8s/platform/README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    texts = [readme, makefile, (ROOT / "k8s/gitops/README.md").read_text()]

    by_hand = dict(re.findall(r"^\$ up \S+ (\S+) \S+ (\S+) \S+$", readme, re.MULTILINE))
    on_kind = dict(re.findall(r"\(HELM\) \S+ (\S+) --repo .*\\?\n?.*--version (\S+)", makefile))
    definitions = [re.findall(r"gateway-api/releases/download/v([\d.]+)/", text) for text in texts]

    assert by_hand == listed
    assert on_kind == {name: listed[name] for name in ("metrics-server", "dapr")}
    assert definitions == [[pinned("sigs.k8s.io/gateway-api")]] * 3


def pinned(module: str) -> str:
    [version] = re.findall(rf"\t{re.escape(module)} v(\S+)\n", (FOLDER / "go.mod").read_text())
    return version


def minor(version: str) -> str:
    return version.rpartition(".")[0]


def test_each_component_says_in_a_few_lines_what_it_is_for() -> None:
    components = [file.parent for file in (ROOT / COMPONENTS).glob("*/kustomization.yaml")]

    texts = {each.name: each / "README.md" for each in components}
    lines = {
        name: len(file.read_text().splitlines()) for name, file in texts.items() if file.exists()
    }

    assert lines.keys() == texts.keys()
    assert {name: count for name, count in lines.items() if not 5 <= count <= 30} == {}
