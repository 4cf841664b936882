"""What every pod has to be: watched, bounded, harmless, of a known image."""

import re
from collections.abc import Iterator
from typing import Final

from tests.manifests.objects import DELIVERED, TIER_LABEL, found, mebibytes, pods_of
from tools.manifest_render import Manifest, Rendering

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
ASKED: Final = dict(zip(PROBES, ("/livez", "/livez", "/readyz"), strict=True))
OF_THE_HOST = ("hostNetwork", "hostPID", "hostIPC")
OF_THIS_MACHINE: Final = re.compile(r"localhost/[a-z-]+:dev")
VERSION: Final = re.compile(r"v?\d+\.\d+")


def what_listens_is_probed_for_start_life_and_readiness(rendering: Rendering) -> Iterator[str]:
    """A container without ports does nothing for others that a probe could ask for."""
    for pod in pods_of(rendering.manifests):
        for container in pod.listening:
            for probe in PROBES:
                if probe not in container:
                    yield f"{pod.name}: {container['name']} has no {probe}"


def probes_ask_a_port_of_their_container(rendering: Rendering) -> Iterator[str]:
    """Or the kubelet kills, for ever, what is well."""
    for pod in pods_of(rendering.manifests):
        for container in pod.listening:
            ports = {
                each.get(key) for each in container["ports"] for key in ("name", "containerPort")
            }
            for probe in PROBES:
                for _, asked in found(container.get(probe), "httpGet", "tcpSocket"):
                    if asked["port"] not in ports:
                        yield f"{pod.name}: its {probe} asks port {asked['port']}"


def a_service_is_alive_without_being_ready(rendering: Rendering) -> Iterator[str]:
    """Liveness asks the process alone: or an outage elsewhere restarts everything."""
    for pod in pods_of(rendering.manifests):
        if pod.labels.get(TIER_LABEL) != "service":
            continue
        for container in pod.listening:
            for probe, path in ASKED.items():
                if _path(container, probe) != path:
                    yield f"{pod.name}: its {probe} does not ask {path}"


def _path(container: Manifest, probe: str) -> str | None:
    return container.get(probe, {}).get("httpGet", {}).get("path")


def requests_and_limits_are_set(rendering: Rendering) -> Iterator[str]:
    """Without them the scheduler is blind, the autoscaler cannot count, a leak takes the node."""
    for pod in pods_of(rendering.manifests):
        for container in pod.containers:
            has = container.get("resources", {})
            for which, resource in (
                ("requests", "cpu"),
                ("requests", "memory"),
                ("limits", "memory"),
            ):
                if resource not in has.get(which, {}):
                    yield f"{pod.name}: {container['name']} has no {which}.{resource}"


def temporary_files_have_a_limit(rendering: Rendering) -> Iterator[str]:
    """An emptyDir without one may fill the node's disk, or memory."""
    for pod in pods_of(rendering.manifests):
        for volume in pod.spec.get("volumes", ()):
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{pod.name}: volume {volume['name']} has no sizeLimit"


def containers_are_restricted(rendering: Rendering) -> Iterator[str]:
    """Pod Security `restricted`, and a root file system that is read-only on top of it."""
    for pod in pods_of(rendering.manifests):
        of_pod = pod.spec.get("securityContext", {})
        for container in pod.containers:
            context = of_pod | container.get("securityContext", {})
            wanted = {
                "runAsNonRoot": context.get("runAsNonRoot") is True,
                "privileged": not context.get("privileged"),
                "runAsUser": context.get("runAsUser", 0) > 0,
                "seccompProfile": context.get("seccompProfile") == {"type": "RuntimeDefault"},
                "capabilities": context.get("capabilities") == {"drop": ["ALL"]},
                "allowPrivilegeEscalation": context.get("allowPrivilegeEscalation") is False,
                "readOnlyRootFilesystem": context.get("readOnlyRootFilesystem") is True,
            }
            for name in (name for name, good in wanted.items() if not good):
                yield f"{pod.name}: {container['name']} is not restricted: {name}"


def the_environment_says_each_thing_once(rendering: Rendering) -> Iterator[str]:
    """Of two values of one name the last wins here, and an apply may keep the first.

    Nor are there variables of every Service beside ours: a Service `app` would bring APP_PORT.
    """
    for pod in pods_of(rendering.manifests):
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.name}: enableServiceLinks is not false"
        for container in pod.containers:
            names = [each["name"] for each in container.get("env", ())]
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield f"{pod.name}: {container['name']} has {name} twice"


def nothing_of_the_host_is_taken(rendering: Rendering) -> Iterator[str]:
    """No folder, port, network or process table of the node."""
    for pod in pods_of(rendering.manifests):
        for name in OF_THE_HOST:
            if pod.spec.get(name):
                yield f"{pod.name}: {name}"
        for volume in pod.spec.get("volumes", ()):
            if "hostPath" in volume:
                yield f"{pod.name}: volume {volume['name']} is a hostPath"
        for container in pod.listening:
            if any("hostPort" in port for port in container["ports"]):
                yield f"{pod.name}: {container['name']} has a hostPort"


def images_are_pinned(rendering: Rendering) -> Iterator[str]:
    """By a tag that says something; where the pipeline delivers, by digest."""
    for pod in pods_of(rendering.manifests):
        for container in pod.containers:
            image: str = container["image"]
            _, _, tag = image.rpartition("/")[2].partition(":")
            if "@sha256:" not in image and rendering.name in DELIVERED:
                yield f"{pod.name}: {image} has no digest"
            elif "@sha256:" not in image and not _is_pinned(image, tag):
                yield f"{pod.name}: {image} has no tag that pins it"
            if "/" not in image:
                yield f"{pod.name}: {image} is of no registry: the overlay forgot it"


def _is_pinned(image: str, tag: str) -> bool:
    return bool(OF_THIS_MACHINE.fullmatch(image) or VERSION.match(tag))


def apps_get_no_token_of_the_cluster(rendering: Rendering) -> Iterator[str]:
    """The injector brings the sidecar's; an app has nothing to ask the API server."""
    users: dict[str, str] = {}
    for pod in pods_of(rendering.manifests):
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name}: automountServiceAccountToken is not false"
        account = pod.spec.get("serviceAccountName")
        if account and (other := users.setdefault(account, pod.name)) != pod.name:
            yield f"{pod.name}: shares the service account {account} with {other}"


def sidecars_are_bounded_and_restricted(rendering: Rendering) -> Iterator[str]:
    """The injector takes what annotations say; without them a sidecar has no limit."""
    for pod in pods_of(rendering.manifests):
        if not pod.app_id:
            continue
        said = {name.removeprefix("dapr.io/"): value for name, value in pod.annotations.items()}
        for name in ("sidecar-cpu-request", "sidecar-memory-request", "sidecar-memory-limit"):
            if name not in said:
                yield f"{pod.name}: no dapr.io/{name}"
        if said.get("sidecar-seccomp-profile-type") != "RuntimeDefault":
            yield f"{pod.name}: its sidecar would not pass Pod Security: no seccomp profile"
        if said.get("log-as-json") != "true":
            yield f"{pod.name}: its sidecar does not log JSON"
        yield from _garbage_is_collected_in_time(pod.name, said)


def _garbage_is_collected_in_time(name: str, said: dict[str, str]) -> Iterator[str]:
    soft = said.get("env", "").partition("GOMEMLIMIT=")[2].partition(",")[0]
    hard = said.get("sidecar-memory-limit")
    if soft and hard and mebibytes(soft) > 0.9 * mebibytes(hard):
        yield f"{name}: GOMEMLIMIT {soft} is above 90 % of the limit {hard}"
