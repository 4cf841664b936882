"""The committed routes of both gateways, and where a request goes by them; nothing runs here."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tools.edge import ROUTES
from tools.edge_http_routes import FRONT_DOOR, HTTP_ROUTES

INNER = (
    *("/livez", "/readyz", "/metrics", "/info", "/docs", "/openapi.json", "/docs/oauth2-redirect"),
    *("/events/cafe.Paid.v1", "/events/cafe.dead-letter.order-svc", "/job/order.watch-1"),
    *("/dapr/subscribe", "/dapr/config", "/v1.0/metadata", "/v1.0/invoke/order-svc/method/orders"),
    *("/ops/dead-letters", "/ops/sidecar", "/ops/orders", "/ops/order-svc/orders"),
    *("/ops/order-svc", "/ops/order-svc/", "/ops/tea-svc/dead-letters", "/orders/", "/orders/a/b"),
    *("/my-pages/a/stream", "/menus/gangnam", "/cafe-orders/a/steal", "/orders/a%2fb"),
)
"""Paths that nobody outside may reach: the services' own, Dapr's, and some that nobody has."""
MALFORMED = ("/orders/..", "/orders/.", "/orders/a\n")
"""Paths that no client sends as they stand."""
Order = tuple[str, ...]
ORDERS: dict[str, Order] = {
    "expressions before prefixes": ("Exact", "RegularExpression", "PathPrefix"),
    "prefixes before expressions": ("Exact", "PathPrefix", "RegularExpression"),
    "no expressions": ("Exact", "PathPrefix"),
}
"""How controllers rank the kinds of path matches; the API leaves that of expressions open."""


@dataclass(frozen=True)
class Way:
    """Where a request goes: which service, as which path there, by which rule of the YAML."""

    service: str
    path: str
    rule: dict[str, Any]


@cache
def http_routes() -> list[dict[str, Any]]:
    """Return the HTTPRoutes of k8s/components/gateway."""
    return list(yaml.safe_load_all(HTTP_ROUTES.read_text()))


def way(method: str, path: str, order: Order) -> Way | None:
    """Return where a controller that ranks matches in this order sends a request."""
    found = [
        (rank, (*rule["backendRefs"], match), rule)
        for document in http_routes()
        for rule in document["spec"]["rules"]
        for match in rule["matches"]
        if (rank := _rank(match, method, path, order))
    ]
    if not found:
        return None
    _, (backend, match), rule = max(found, key=lambda each: each[0])
    return Way(backend["name"], _rewritten(path, match, rule), rule)


def _rank(match: dict[str, Any], method: str, path: str, order: Order) -> tuple[int, ...]:
    """Return how well it matches: kind, length of the path, method; empty if it does not."""
    kind, value = match["path"]["type"], match["path"]["value"]
    matches = {
        "Exact": path == value,
        "PathPrefix": f"{path}/".startswith(f"{value.rstrip('/')}/"),
        "RegularExpression": re.fullmatch(value.removesuffix("$"), path) is not None,
    }
    if kind not in order or not matches[kind] or match.get("method", method) != method:
        return ()
    return (-order.index(kind), len(value), "method" in match)


def _rewritten(path: str, match: dict[str, Any], rule: dict[str, Any]) -> str:
    for each in rule.get("filters", []):
        if each["type"] == "URLRewrite":
            inside = each["urlRewrite"]["path"]["replacePrefixMatch"]
            return inside + path.removeprefix(match["path"]["value"])
    return path


@cache
def expressions() -> dict[str, str]:
    """Return "snippet service METHODS": one for each line of Caddy's file, by expression."""
    lines = re.findall(r'import (\w+) r\d+ (\S+) (\S+) "([A-Z, ]+)"', ROUTES.read_text())
    return {
        expression: f"{kind} {service} {methods}" for kind, expression, service, methods in lines
    }


def matching(path: str) -> list[str]:
    """Return the lines of Caddy's file that match."""
    return [found for each, found in expressions().items() if re.fullmatch(each, path)]


def arrival(method: str, path: str, order: Order) -> tuple[str, str] | None:
    """Return service and path there, maybe through the front door; None: it goes no further."""
    sent = way(method, path, order)
    if sent is None or sent.service != FRONT_DOOR:
        return sent and (sent.service, sent.path)
    for found in matching(path):
        kind, service, methods = found.split(" ", 2)
        if method in methods.split(", "):
            return service, path.replace(f"/ops/{service}", "/ops") if kind == "ops" else path
    return None
