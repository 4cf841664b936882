"""dapr.yaml and components/ -> the programs of one stack.

The run file is the one the Dapr CLI reads; its keys become the same daprd flags and the same
environment here (dapr/cli: pkg/standalone/run.go). What the CLI cannot say is added below.
"""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from tools import components, daprd, gateway, postgres
from tools.processes import Program
from tools.rebuild_plan import ReadSide
from tools.tokens import Tokens

Ports = Mapping[str, int]
Environment = Mapping[str, str]

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
    postgres: tuple[str, ...] = ("postgres",)
    gateway: tuple[str, ...] = gateway.CADDY


@dataclass(frozen=True)
class Topology:
    """One stack: where it is described, where it keeps its files, which ports it uses.

    `app_env` adds to or overrides the environment of single apps, by app-id. Of each app there are
    `replicas`, each with a sidecar: "order-svc", "order-svc.2"; they share app-id and store, which
    is of the kind that `store` says (components.STORES). `read_side`: tools/rebuild_plan.py.
    """

    run_file: Path
    run_dir: Path
    commands: Commands
    ports: Ports
    app_env: Mapping[str, Environment] = field(default_factory=dict[str, Environment])
    replicas: int = 1
    store: str = components.STORES[0]
    tokens: Tokens = field(default_factory=Tokens)
    read_side: ReadSide = field(default_factory=ReadSide)

    def programs(self) -> list[Program]:
        """Render the resources and return everything that runs, infrastructure first."""
        document = _read(self.run_file)
        originals = self.run_file.parent / document["common"]["resourcesPath"]
        components.render(originals, self._resources, self.ports, self.run_dir, self.store)
        programs = self._infrastructure()
        for app_id in app_ids(self.run_file):
            for name in names_of(app_id, self.replicas):
                programs += self.replica(name)
        return programs

    def replica(self, name: str) -> list[Program]:
        """Return an app and its sidecar: "order-svc", or "order-svc.2"."""
        app_id = name.partition(".")[0]
        [app] = [app for app in _apps(_read(self.run_file)) if app["appID"] == app_id]
        return [self._app(app, name), self._sidecar(app, name)]

    @property
    def _resources(self) -> Path:
        return self.run_dir / "components"

    def _infrastructure(self) -> list[Program]:
        ports, env = self.ports, dict(os.environ)
        return [
            Program("valkey", self._valkey(), ports["valkey"], None, env=env),
            *([self._postgres()] if self.store == "postgres" else []),
            Program("scheduler", self._scheduler(), ports["scheduler.health"], "/healthz", env=env),
            self._sandbox("payment-gateway", self.commands.payment_gateway, "payment-gateway.db"),
            self._sandbox("identity-provider", self._identity(), "identity-keys.json"),
            self._gateway(),
        ]

    def _sandbox(self, name: str, command: tuple[str, ...], data: str) -> Program:
        port = self.ports[name]
        arguments = ("--port", str(port), "--data", str(self.run_dir / data))
        return Program(name, (*command, *arguments), port, "/livez", env=dict(os.environ))

    def _identity(self) -> tuple[str, ...]:
        return (*self.commands.identity, "--redirect-uri", f"{gateway.url(self.ports)}/")

    def _gateway(self) -> Program:
        apps = app_ids(self.run_file)
        names = {app_id: known_names(app_id, self.replicas) for app_id in apps}
        return gateway.program(self.commands.gateway, self.run_dir / "gateway", self.ports, names)

    def _valkey(self) -> tuple[str, ...]:
        folder = self.run_dir / "valkey"
        folder.mkdir(parents=True, exist_ok=True)
        return (
            *self.commands.valkey,
            *("--bind", "127.0.0.1", "--port", str(self.ports["valkey"])),
            *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
            # By default it answers before it writes while the disk is slow (appendfsync everysec).
            *(("--appendfsync", "always") if self.store == "valkey" else ()),
        )

    def _postgres(self) -> Program:
        folder, port = self.run_dir / "postgres", self.ports["postgres"]
        command = (*self.commands.postgres, str(folder), str(port))
        # SIGTERM would wait until the last sidecar has gone.
        probe, stop, env = postgres.lets_in, signal.SIGINT, dict(os.environ)
        return Program("postgres", command, port, None, 0, env, probe, stop)

    def _store_password(self, app_id: str) -> Environment:
        if self.store != "postgres":
            return {}
        services = app_ids(self.run_file)
        return {"STORE_PASSWORD": postgres.passwords(self.run_dir / "postgres", services)[app_id]}

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

    def _app(self, app: dict[str, Any], name: str) -> Program:
        app_id = app["appID"]
        env = {
            "APP_ID": app_id,
            "APP_PORT": str(self.ports[name]),
            "DAPR_HTTP_PORT": str(self.ports[f"{name}.http"]),
            "DAPR_GRPC_PORT": str(self.ports[f"{name}.grpc"]),
            "DAPR_METRICS_PORT": str(self.ports[f"{name}.metrics"]),
            **{key: str(value) for key, value in app["env"].items()},
            **self.tokens.env(app_id),
            **self.read_side.app_env(app_id),
            **self.app_env.get(app_id, {}),
        }
        port = self.ports[name]
        return Program(name, tuple(app["command"]), port, "/readyz", 1, {**os.environ, **env})

    def _sidecar(self, app: dict[str, Any], name: str) -> Program:
        app_id, port = app["appID"], self.ports[f"{name}.http"]
        # The address to be found at; an empty NAMESPACE would break every job call.
        env = {**os.environ, "DAPR_HOST_IP": "127.0.0.1", "NAMESPACE": "default"}
        env |= self.tokens.env(app_id)
        env |= self._store_password(app_id)
        env |= self.read_side.sidecar_env(app_id)
        flags = daprd.flags(app, name, self.ports, self._resources)
        command = (*self.commands.daprd, *flags)
        return Program(f"{name}.daprd", command, port, "/v1.0/healthz", 1, env)


def names_of(app_id: str, replicas: int) -> list[str]:
    """Return the program names of an app's replicas: the first has the app-id's own."""
    return [app_id, *(f"{app_id}.{number}" for number in range(2, replicas + 1))]


def known_names(app_id: str, replicas: int) -> list[str]:
    """Return the names that have ports, and that the gateway looks for, whether they run or not."""
    return names_of(app_id, max(replicas, 2))


def default_ports(
    run_file: Path, replicas: int = 1, store: str = components.STORES[0]
) -> dict[str, int]:
    """Return the port of everything as dapr.yaml and components/ say, by program name.

    An app has five: "order-svc", "order-svc.http", ".grpc", ".internal" and ".metrics". Further
    replicas, of which these files say nothing, have those ten above; a second one always has.
    """
    document = _read(run_file)
    ports = components.read_ports(run_file.parent / document["common"]["resourcesPath"], store)
    ports["gateway"] = gateway.PORT
    ports["scheduler"] = int(document["common"]["schedulerHostAddress"].rpartition(":")[2])
    ports |= {f"scheduler.{name}": port for name, port in SCHEDULER_PORTS.items()}
    for app in document["apps"]:
        for number, name in enumerate(known_names(app["appID"], replicas)):
            ports |= {f"{name}{end}": app[key] + 10 * number for key, end in daprd.PORTS.items()}
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
