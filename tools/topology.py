"""dapr.yaml and components/ -> the programs of one stack.

The run file is the one the Dapr CLI reads; its keys become the same daprd flags and the same
environment here (dapr/cli: pkg/standalone/run.go). What the CLI cannot say is added below.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from tools import components
from tools.processes import Program

Ports = Mapping[str, int]
Environment = Mapping[str, str]

DAPRD_FLAGS = {
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
# Shutdown: the API stays open until the app has drained, at most 2 s (the block ends early when
# the app is seen to be gone), then 5 s for what is under way.
ALWAYS = (
    *("--dapr-internal-grpc-listen-address", "127.0.0.1"),
    *("--metrics-listen-address", "127.0.0.1"),
    *("--dapr-block-shutdown-duration", "2s"),
    *("--dapr-graceful-shutdown-seconds", "5"),
)
NOT_FLAGS = {
    *("resourcesPath", "configFilePath", "appDirPath", "command", "env"),
    *("daprdLogDestination", "appLogDestination"),
}
APP_PORTS = {
    "appPort": "",
    "daprHTTPPort": ".http",
    "daprGRPCPort": ".grpc",
    "daprInternalGRPCPort": ".internal",
    "metricsPort": ".metrics",
}
SCHEDULER_PORTS = {"etcd": 9106, "peer": 9107, "health": 9108}
PYTHON = (sys.executable, "-m")


@dataclass(frozen=True)
class Commands:
    """How each program outside dapr.yaml is called; tests put stand-ins here."""

    daprd: tuple[str, ...] = ("daprd",)
    scheduler: tuple[str, ...] = ("scheduler",)
    valkey: tuple[str, ...] = ("valkey-server",)
    payment_gateway: tuple[str, ...] = (*PYTHON, "cafe_sandbox.payment_gateway")
    identity: tuple[str, ...] = (*PYTHON, "cafe_sandbox.identity")


@dataclass(frozen=True)
class Topology:
    """One stack: where it is described, where it keeps its files, which ports it uses.

    `app_env` adds to or overrides the environment of single apps, by app-id.
    """

    run_file: Path
    run_dir: Path
    commands: Commands
    ports: Ports
    app_env: Mapping[str, Environment] = field(default_factory=dict[str, Environment])

    def programs(self) -> list[Program]:
        """Render the resources and return everything that runs, infrastructure first."""
        document = _read(self.run_file)
        resources = self.run_dir / "components"
        originals = self.run_file.parent / document["common"]["resourcesPath"]
        components.render(originals, resources, self.ports, self.run_dir)
        programs = self._infrastructure()
        for app in _apps(document):
            programs += [self._app(app), self._sidecar(app, resources)]
        return programs

    def _infrastructure(self) -> list[Program]:
        ports, env = self.ports, dict(os.environ)
        return [
            Program("valkey", self._valkey(), ports["valkey"], None, env=env),
            Program("scheduler", self._scheduler(), ports["scheduler.health"], "/healthz", env=env),
            self._sandbox("payment-gateway", self.commands.payment_gateway, "payment-gateway.db"),
            self._sandbox("identity-provider", self.commands.identity, "identity-keys.json"),
        ]

    def _sandbox(self, name: str, command: tuple[str, ...], data: str) -> Program:
        port = self.ports[name]
        arguments = ("--port", str(port), "--data", str(self.run_dir / data))
        return Program(name, (*command, *arguments), port, "/livez", env=dict(os.environ))

    def _valkey(self) -> tuple[str, ...]:
        folder = self.run_dir / "valkey"
        folder.mkdir(parents=True, exist_ok=True)
        return (
            *self.commands.valkey,
            *("--bind", "127.0.0.1", "--port", str(self.ports["valkey"])),
            *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
        )

    def _scheduler(self) -> tuple[str, ...]:
        ports = self.ports
        peer = f"dapr-scheduler-server-0=http://127.0.0.1:{ports['scheduler.peer']}"
        return (
            *self.commands.scheduler,
            *("--listen-address", "127.0.0.1", "--port", str(ports["scheduler"])),
            *("--etcd-data-dir", str(self.run_dir / "scheduler")),
            *("--etcd-client-listen-address", "127.0.0.1"),
            *("--etcd-client-port", str(ports["scheduler.etcd"]), "--etcd-initial-cluster", peer),
            *("--healthz-port", str(ports["scheduler.health"]), "--enable-metrics=false"),
        )

    def _app(self, app: dict[str, Any]) -> Program:
        name = app["appID"]
        env = {
            "APP_ID": name,
            "APP_PORT": str(self.ports[name]),
            "DAPR_HTTP_PORT": str(self.ports[f"{name}.http"]),
            "DAPR_GRPC_PORT": str(self.ports[f"{name}.grpc"]),
            "DAPR_METRICS_PORT": str(self.ports[f"{name}.metrics"]),
            **{key: str(value) for key, value in app["env"].items()},
            **self.app_env.get(name, {}),
        }
        port = self.ports[name]
        return Program(name, tuple(app["command"]), port, "/readyz", 1, {**os.environ, **env})

    def _sidecar(self, app: dict[str, Any], resources: Path) -> Program:
        name = app["appID"]
        values = app | {key: self.ports[f"{name}{end}"] for key, end in APP_PORTS.items()}
        values["schedulerHostAddress"] = f"127.0.0.1:{self.ports['scheduler']}"
        flags: list[str] = []
        for key, value in values.items():
            if key in NOT_FLAGS or value in ("", False):
                continue
            flags += [DAPRD_FLAGS[key]] if value is True else [DAPRD_FLAGS[key], str(value)]
        config = resources / Path(app["configFilePath"]).name
        files = ("--resources-path", str(resources), "--config", str(config))
        # The address to be found at; an empty NAMESPACE would break every job call.
        env = {**os.environ, "DAPR_HOST_IP": "127.0.0.1", "NAMESPACE": "default"}
        command = (*self.commands.daprd, *flags, *files, *ALWAYS)
        port = self.ports[f"{name}.http"]
        return Program(f"{name}.daprd", command, port, "/v1.0/healthz", 1, env)


def default_ports(run_file: Path) -> dict[str, int]:
    """Return the port of everything as dapr.yaml and components/ say, by program name.

    An app has five: "order-svc", "order-svc.http", ".grpc", ".internal" and ".metrics".
    """
    document = _read(run_file)
    ports = components.read_ports(run_file.parent / document["common"]["resourcesPath"])
    ports["scheduler"] = int(document["common"]["schedulerHostAddress"].rpartition(":")[2])
    ports |= {f"scheduler.{name}": port for name, port in SCHEDULER_PORTS.items()}
    for app in document["apps"]:
        ports |= {f"{app['appID']}{end}": app[key] for key, end in APP_PORTS.items()}
    return ports


def app_ids(run_file: Path) -> list[str]:
    """Return the app-ids in the order of the run file."""
    return [app["appID"] for app in _read(run_file)["apps"]]


def _apps(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the apps with the common section merged in, an app's own value winning."""
    common = document["common"]
    return [
        common | app | {"env": common.get("env", {}) | app.get("env", {})}
        for app in document["apps"]
    ]


def _read(run_file: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(run_file.read_text()))
