"""One app of dapr.yaml -> the flags of its sidecar, the same that the Dapr CLI would give."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FLAGS = {
    "appID": "--app-id",
    "appPort": "--app-port",
    "daprHTTPPort": "--dapr-http-port",
    "daprGRPCPort": "--dapr-grpc-port",
    "daprInternalGRPCPort": "--dapr-internal-grpc-port",
    "metricsPort": "--metrics-port",
    "apiListenAddresses": "--dapr-listen-addresses",
    "schedulerHostAddress": "--scheduler-host-address",
    "placementHostAddress": "--placement-host-address",
    "enableAppHealthCheck": "--enable-app-health-check",
    "appHealthCheckPath": "--app-health-check-path",
    "appHealthProbeInterval": "--app-health-probe-interval",
    "appHealthProbeTimeout": "--app-health-probe-timeout",
    "appHealthThreshold": "--app-health-threshold",
}
# What dapr.yaml has no key for; the first two keep those ports on loopback.
# The end of a sidecar: from the signal on it delivers no new event, it waits for the deliveries
# under way (at most 30 s, an event in its retries), and then goes on serving the app for 3 s: long
# enough for the slowest request, one that asks for a menu or the payment gateway. Shorter than the
# app goes on taking requests (DRAIN_NOTICE_S): other sidecars find this one until it has gone, and
# what they bring must still meet the app. What is cut off was saved before or is repeated. Then
# everything is closed, within 5 s.
_ALWAYS = (
    *("--dapr-internal-grpc-listen-address", "127.0.0.1"),
    *("--metrics-listen-address", "127.0.0.1"),
    *("--dapr-block-shutdown-duration", "3s"),
    *("--dapr-graceful-shutdown-seconds", "5"),
)
_NOT_FLAGS = {
    *("resourcesPath", "configFilePath", "appDirPath", "command", "env"),
    *("daprdLogDestination", "appLogDestination"),
}
PORTS = {
    "appPort": "",
    "daprHTTPPort": ".http",
    "daprGRPCPort": ".grpc",
    "daprInternalGRPCPort": ".internal",
    "metricsPort": ".metrics",
}
"""Of each app, by key of dapr.yaml: how its port is called after the name of the app."""


def flags(
    app: Mapping[str, Any], name: str, ports: Mapping[str, int], resources: Path
) -> list[str]:
    """Return the flags of the sidecar of an app, or of its replica "order-svc.2"."""
    values = {**app, **{key: ports[f"{name}{end}"] for key, end in PORTS.items()}}
    values["schedulerHostAddress"] = f"127.0.0.1:{ports['scheduler']}"
    said: list[str] = []
    for key, value in values.items():
        if key in _NOT_FLAGS or value in ("", False):
            continue
        said += [_FLAGS[key]] if value is True else [_FLAGS[key], str(value)]
    config = resources / Path(app["configFilePath"]).name
    files = ("--resources-path", str(resources), "--config", str(config))
    return [*said, *files, *_ALWAYS]
