"""edge/routes.toml: the rows of the table of what can be reached from outside."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tools.gateway import EDGE
from tools.topology import app_ids

RUN_FILE = EDGE.parent / "dapr.yaml"
TABLE = EDGE / "routes.toml"
Kind = Literal["json", "stream", "static"]


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


def expression(path: str) -> str:
    """Return "/orders/{order_id}" as a regular expression (RE2), without anchors.

    What an id may look like is narrow: a path with "..", "//" or an encoded slash is nobody's.
    """
    return re.sub(r"\{\w+\}", lambda _: r"[\w-][\w.-]*", path)
