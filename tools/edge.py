"""edge/routes.toml, the table of what can be reached from outside -> routes of the two gateways.

Caddy's, edge/routes.Caddyfile, and a cluster's, k8s/components/gateway/http-routes.yaml.

python -m tools.edge
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.edge_http_routes import HTTP_ROUTES, render_http_routes
from tools.edge_table import RUN_FILE, Route, expression, read_routes
from tools.gateway import EDGE, upstream_variable
from tools.topology import default_ports, known_names

ROUTES = EDGE / "routes.Caddyfile"
_HEAD = "# Written by `python -m tools.edge` from routes.toml.\n"


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
    pattern = expression(first.path)
    snippet: str = first.kind
    if first.path != first.inner:
        snippet = "ops"
        prefix = f"/ops/{first.service}"
        pattern = f"{prefix}({pattern.removeprefix(prefix)})"
    allow = f'"{", ".join(methods)}"'
    verbs = " ".join(methods)
    return f"import {snippet} r{number:02} ^{pattern}$ {first.service} {allow} {verbs}"


def _block(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{name} {{", *(f"\t{line}" for line in lines), "}", ""])


def files() -> dict[Path, str]:
    """Return what the table says, by the file that says it too."""
    routes = read_routes()
    return {ROUTES: render(routes), HTTP_ROUTES: render_http_routes(routes)}


def main() -> int:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
