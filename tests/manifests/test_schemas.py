"""Every object fits the schema of its kind, and the schemas are as strict as an API server."""

import json
import re
from typing import Any, Final

import pytest

from tests.manifests.objects import of_kind, title
from tests.manifests.spoil import Spoil
from tools.custom_schemas import DEFINITIONS, FOLDER, strict
from tools.manifest_render import DEV, Rendering
from tools.manifest_schemas import complaints

pytestmark = pytest.mark.manifests

ALL: Final = f"{DEV} + istio + keda + observability + rollouts"
EXTERNAL: Final = "k8s/overlays/staging"
SPOILED: Final = [
    Spoil("Deployment/order-svc", "POD containerz", []),
    Spoil("Deployment/order-svc", "APP resources limits memory", True),  # noqa: FBT003
    Spoil("Deployment/order-svc", "APP livenessProbe httpGet port"),
    Spoil("Deployment/order-svc", "apiVersion", "apps/v1beta1"),
    Spoil("HorizontalPodAutoscaler", "spec metrics 0 containerResource target kind", "x"),
    Spoil("Component/order-store", "spec typ", "state.postgresql"),
    Spoil("Component/order-store", "spec metadata 0 name"),
    Spoil("Configuration/cafe", "spec accessControl policies 0 operations 0 verb", "GET"),
    Spoil("Resiliency/cafe", "spec policies circuitBreakers menu trips", 1),
    Spoil("Gateway/cafe", "spec listeners 0 port", 70_000),
    Spoil("HTTPRoute", "spec rules 0 matches 0 path type", "Prefix"),
    Spoil("HTTPRoute", "spec rules 0 backends", []),
    Spoil("ScaledObject", "spec triggers 0 type", rendering=ALL),
    Spoil("ScaledObject", "spec maxReplicas", 2, ALL),
    Spoil("PodMonitor", "spec podMetricsEndpoints 0 prot", "http", ALL),
    Spoil("PrometheusRule", "spec groups 0 rules 0 expr", rendering=ALL),
    Spoil("DestinationRule", "spec trafficPolicy outlierDetection", {"errors": 5}, ALL),
    Spoil("PeerAuthentication", "spec mtls mode", "strict", ALL),
    Spoil("Rollout", "spec strategy canary steps 0 weight", 5, ALL),
    Spoil("ExternalSecret", "spec data 0 remoteRef key", rendering=EXTERNAL),
]


def test_every_object_fits_its_schema(renderings: dict[str, Rendering]) -> None:
    manifests = {json.dumps(m): m for each in renderings.values() for m in each.manifests}

    found = {title(each): complaints(each) for each in manifests.values()}

    assert not {name: told for name, told in found.items() if told}


@pytest.mark.parametrize("spoil", SPOILED, ids=str)
def test_a_spoiled_object_does_not(spoil: Spoil, renderings: dict[str, Rendering]) -> None:
    sound = renderings[spoil.rendering]

    spoiled = spoil(sound)

    assert any(complaints(each) for each in of_kind(spoiled.manifests, spoil.target.split("/")[0]))


def test_a_published_schema_becomes_as_strict_as_an_api_server() -> None:
    published: dict[str, Any] = {
        "type": "object",
        "properties": {
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "port": {"anyOf": [{"type": "integer"}], "x-kubernetes-int-or-string": True},
            "mode": {"type": "string", "nullable": True, "pattern": "^(?i)(abort|warn)$"},
        },
        "oneOf": [{"properties": {"port": {"type": "object"}}}],
    }

    made = strict(published)

    assert made["additionalProperties"] is False
    assert made["oneOf"] == published["oneOf"]
    assert "additionalProperties" not in made["properties"]["free"]
    assert made["properties"]["labels"]["additionalProperties"] == {"type": "string"}
    assert made["properties"]["port"]["type"] == ["integer", "string"]
    assert made["properties"]["mode"]["type"] == ["string", "null"]
    assert re.search(made["properties"]["mode"]["pattern"], "WARN")


def test_every_module_that_definitions_come_from_is_pinned_with_its_checksum() -> None:
    required = set(re.findall(r"^\t(\S+) (\S+)$", (FOLDER / "go.mod").read_text(), re.MULTILINE))

    sums = (FOLDER / "go.sum").read_text()

    assert {module for module, _ in required} == DEFINITIONS.keys()
    assert [pin for pin in required if f"{' '.join(pin)} h1:" not in sums] == []
