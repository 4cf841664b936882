"""What sidecars are told: by annotations, and by what was applied before them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import yaml

from tests.manifests.objects import NAME_LABEL, Pod, by_name, of_kind, pods_of, selects, title
from tools.custom_schemas import ANNOTATIONS, load_schemas
from tools.manifest_render import ROOT, Manifest, Rendering

USED: Final = {"STATE_STORE": "state.", "PUBSUB": "pubsub."}
SHOWN: Final = {"api-token-secret": "DAPR_API_TOKEN", "app-token-secret": "APP_API_TOKEN"}
"""Annotation -> how the app knows the same token."""
SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
PLATFORM: Final = ROOT / "k8s" / "platform" / "dapr.yaml"


def sidecars_find_what_apps_ask_for(rendering: Rendering) -> Iterator[str]:
    """The store and the broker of a service exist and are for it; its port and name are right."""
    components = by_name(rendering.manifests, "Component")
    configurations = by_name(rendering.manifests, "Configuration")
    for pod in (pod for pod in pods_of(rendering.manifests) if pod.app_id):
        if pod.annotations.get("dapr.io/config") not in configurations:
            yield f"{pod.name}: its sidecar has no Configuration"
        if pod.app_id != pod.labels[NAME_LABEL]:
            yield f"{pod.name}: its app-id is {pod.app_id}"
        port = pod.annotations.get("dapr.io/app-port")
        if pod.listening and not (port and pod.has_port(int(port))):
            yield f"{pod.name}: its app does not listen on {port}"
        env = [each for container in pod.containers for each in container.get("env", ())]
        for each in (each for each in env if each["name"] in USED):
            component = components.get(each["value"])
            if not (component and component["spec"]["type"].startswith(USED[each["name"]])):
                yield f"{pod.name}: {each['name']} {each['value']} is not there"
            elif pod.app_id not in component["scopes"]:
                yield f"{pod.name}: {each['value']} is not for it"


def sidecars_understand_what_they_are_told(rendering: Rendering) -> Iterator[str]:
    """The injector passes over a name that it does not know without a word."""
    for pod in pods_of(rendering.manifests):
        said = {name for name in pod.annotations if name.startswith("dapr.io/")}
        for name in sorted(said - _annotations()):
            yield f"{pod.name}: no version of Dapr that we use knows {name}"


@cache
def _annotations() -> frozenset[str]:
    return frozenset(load_schemas()[ANNOTATIONS]["enum"])


def sidecars_watch_apps_as_on_a_laptop(rendering: Rendering) -> Iterator[str]:
    """How an app's health is asked for is said in dapr.yaml; annotations say the same."""
    common = yaml.safe_load((ROOT / "dapr.yaml").read_text())["common"]
    for pod in pods_of(rendering.manifests):
        if not (pod.app_id and pod.listening):
            continue
        for name in (name for name in common if "Health" in name):
            annotation = "dapr.io/" + re.sub("([A-Z])", r"-\1", name).lower()
            if pod.annotations.get(annotation) != str(common[name]).lower():
                yield f"{pod.name}: {annotation} is not {common[name]}, as in dapr.yaml"


def sidecars_and_apps_know_each_other(rendering: Rendering) -> Iterator[str]:
    """By two tokens, each of one Secret for both; without them whoever is in the pod may call."""
    for pod in (each for each in pods_of(rendering.manifests) if each.app_id and each.listening):
        (app,) = pod.listening
        folder = {each["name"]: each.get("value") for each in app["env"]}.get("SECRETS_DIR")
        files = dict(_secret_files(pod, app, folder))
        for annotation, variable in SHOWN.items():
            told = pod.annotations.get(f"dapr.io/{annotation}")
            if not told or files.get(variable) != told:
                yield f"{pod.name}: {annotation} is {told}, which its app does not have"


def _secret_files(pod: Pod, app: Manifest, folder: str | None) -> Iterator[tuple[str, str]]:
    """Yield (name of a file, name of its Secret) for what the app finds in a folder."""
    mounts = {each["name"] for each in app["volumeMounts"] if each["mountPath"] == folder}
    for volume in (each for each in pod.spec["volumes"] if each["name"] in mounts):
        for source in volume["projected"]["sources"]:
            for item in source["secret"]["items"]:
                yield item["path"], source["secret"]["name"]


def sidecars_read_no_secrets(rendering: Rendering) -> Iterator[str]:
    """A store of secrets that is there by default would hand the app all of the namespace."""
    for pod in (each for each in pods_of(rendering.manifests) if each.app_id):
        if pod.annotations.get("dapr.io/disable-builtin-k8s-secret-store") != "true":
            yield f"{pod.name}: its sidecar reads secrets"


def sidecars_start_after_what_they_read(rendering: Rendering) -> Iterator[str]:
    """Objects are applied as they are rendered; one that comes too late is not read.

    The overlay of the tests is never applied as it is: tests/k8s/install.py says its sequence.
    """
    if not rendering.elsewhere:
        return
    for sequence in (rendering.manifests, rendering.elsewhere):
        with_sidecar = {pod.name for pod in pods_of(sequence) if pod.app_id}
        names = [title(each) for each in sequence]
        first = min(names.index(name) for name in with_sidecar)
        for each in sequence[first:]:
            if each["apiVersion"].startswith("dapr.io/"):
                yield f"{title(each)}: comes after {names[first]}"


def argo_cd_applies_first_what_sidecars_read(rendering: Rendering) -> Iterator[str]:
    """It goes by waves and not by sequence; within one, Deployments come before what is Dapr's."""
    waves = [_wave(pod.owner) for pod in pods_of(rendering.manifests) if pod.app_id]
    for each in rendering.manifests:
        if each["apiVersion"].startswith("dapr.io/") and _wave(each) >= min(waves):
            yield f"{title(each)}: is in no wave before that of the pods"


def _wave(manifest: Manifest) -> int:
    return int(manifest["metadata"].get("annotations", {}).get(SYNC_WAVE, "0"))


def the_injector_is_asked_for_our_pods(rendering: Rendering) -> Iterator[str]:
    """For the namespaces of the cafe, and for no others: there, pods start without it."""
    values = yaml.safe_load(PLATFORM.read_text())["dapr_sidecar_injector"]
    selector = values["namespaceSelector"]
    if selects(selector, {}):
        yield "the injector is asked for the pods of every namespace"
    for namespace in of_kind(rendering.manifests, "Namespace"):
        if not selects(selector, namespace["metadata"].get("labels", {})):
            yield f"{title(namespace)}: the injector is not asked for its pods"
