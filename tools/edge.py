"""edge/routes.toml, the table of what can be reached from outside -> edge/routes.Caddyfile.

python -m tools.edge
"""

import re
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tools.gateway import EDGE, upstream_variable
from tools.topology import app_ids, default_ports, known_names

RUN_FILE = EDGE.parent / "dapr.yaml"
TABLE = EDGE / "routes.toml"
ROUTES = EDGE / "routes.Caddyfile"
Kind = Literal["json", "stream", "static"]
# What an id may look like; a path with "..", "//" or an encoded slash is nobody's.
_PARAMETER = r"[\w-][\w.-]*"
_HEAD = "# Written by `python -m tools.edge` from routes.toml.\n"


@dataclass(frozen=True)
class Route:
    """One operation. `path` is the gateway's, `inner` the service's; "gateway" serves itself.

    `roles` as in the table: "public", "customer", "customer:own", "barista:cafe", "rider", ...
    """

    method: str
    path: str
    inner: str
    service: str
    kind: Kind
    roles: tuple[str, ...]


def read_routes(table: Path = TABLE) -> list[Route]:
    """Return the rows, those of every service once for each; KeyError names a missing column."""
    sections: dict[str, dict[str, list[dict[str, Any]]]] = tomllib.loads(table.read_text())
    return [
        _route(row, service)
        for section, content in sections.items()
        for service in (app_ids(RUN_FILE) if section == "every-service" else [section])
        for row in content["routes"]
    ]


def _route(row: dict[str, Any], service: str) -> Route:
    inner = row["path"]
    path = re.sub("^/ops/", f"/ops/{service}/", inner)
    return Route(row["method"], path, inner, service, row.get("kind", "json"), tuple(row["roles"]))


def render(routes: Sequence[Route]) -> str:
    """Return the Caddyfile of these routes: a named route per service, and the snippet `routes`."""
    served = [route for route in routes if route.kind != "static"]
    paths = sorted({route.path for route in served}, key=lambda path: (path.count("{"), path))
    lines = [
        _line(number, [route for route in served if route.path == path])
        for number, path in enumerate(paths, start=1)
    ]
    services = dict.fromkeys(route.service for route in served)
    ports = default_ports(RUN_FILE)
    blocks = [*(_service(service, ports) for service in services), _block("(routes)", lines)]
    return "\n".join([_HEAD, *blocks])


def _service(service: str, ports: dict[str, int]) -> str:
    replicas = " ".join(f"127.0.0.1:{ports[name]}" for name in known_names(service, 1))
    return _block(f"&({service})", [f"import service {{${upstream_variable(service)}:{replicas}}}"])


def _line(number: int, operations: Sequence[Route]) -> str:
    first, methods = operations[0], sorted(each.method for each in operations)
    expression = re.sub(r"\{\w+\}", lambda _: _PARAMETER, first.path)
    snippet: str = first.kind
    if first.path != first.inner:
        snippet = "ops"
        prefix = f"/ops/{first.service}"
        expression = f"{prefix}({expression.removeprefix(prefix)})"
    allow = f'"{", ".join(methods)}"'
    verbs = " ".join(methods)
    return f"import {snippet} r{number:02} ^{expression}$ {first.service} {allow} {verbs}"


def _block(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{name} {{", *(f"\t{line}" for line in lines), "}", ""])


def main() -> int:
    """Write the file."""
    ROUTES.write_text(render(read_routes()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
