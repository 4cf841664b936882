"""edge/routes.toml -> HTTPRoutes of the Gateway API (k8s/components/gateway/http-routes.yaml).

One HTTPRoute per service, which takes what is its own straight there, and one for everything else,
which goes to the front door (edge/Caddyfile): the web app, and the 404 or 405 of what is not in the
table. Written by `python -m tools.edge`.
"""

from collections.abc import Sequence
from typing import Any

import yaml

from tools.edge_table import Route, expression
from tools.gateway import EDGE

HTTP_ROUTES = EDGE.parent / "k8s" / "components" / "gateway" / "http-routes.yaml"
GATEWAY = "cafe"
FRONT_DOOR = "edge"
REQUEST_TIMEOUT = "10s"
NO_TIMEOUT = "0s"
NOT_FOR_PEOPLE = (
    *("Dapr-Api-Token", "Dapr-App-Id", "Dapr-Caller-App-Id", "Dapr-Caller-Namespace"),
    *("Traceparent", "Tracestate", "Baggage", "Forwarded", "X-Real-Ip"),
)
"""Request headers that only a sidecar or a known proxy may send. A pattern cannot be named here:
what else begins with dapr- passes, and no service reads it."""
ANSWERED = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Response headers of edge/Caddyfile, for what does not pass through it."""
_HEAD = """\
# Written by `python -m tools.edge` from edge/routes.toml.
#
# Every conforming controller: Exact and PathPrefix, methods, request headers. Extended, which most
# have: URLRewrite, response headers, timeouts; one that ignores timeouts leaves the services' own.
# Up to the controller: RegularExpression, written so that it means the same whether a part or all
# of the path must match. Where it is not taken, or ranks below the last route's prefix, the front
# door gets the request and sends it to the same service.
"""
Json = dict[str, Any]


def render_http_routes(routes: Sequence[Route]) -> str:
    """Return the YAML of all HTTPRoutes: one per service, as in the table, then the rest."""
    served = [route for route in routes if route.kind != "static"]
    services = dict.fromkeys(route.service for route in served)
    documents = [
        _http_route(service, _rules([route for route in served if route.service == service]))
        for service in services
    ]
    everything: Json = {"path": {"type": "PathPrefix", "value": "/"}}
    rest: Json = {"matches": [everything], "timeouts": {"request": NO_TIMEOUT}}
    documents.append(_http_route(FRONT_DOOR, [rest]))
    return _HEAD + yaml.safe_dump_all(
        documents, sort_keys=False, width=100, explicit_start=True, default_flow_style=None
    )


def _http_route(service: str, rules: Sequence[Json]) -> Json:
    backend: Json = {"name": service, "port": 80}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": service, "labels": {"app.kubernetes.io/name": service}},
        "spec": {
            "parentRefs": [{"name": GATEWAY}],
            "rules": [rule | {"backendRefs": [dict(backend)]} for rule in rules],
        },
    }


def _rules(routes: Sequence[Route]) -> list[Json]:
    """Return the rules of one service: what answers at once, streams, operations by method."""
    plain = [route for route in routes if route.path == route.inner]
    rules = [
        _rule([_match(route) for route in plain if route.kind == kind], timeout)
        for kind, timeout in (("json", REQUEST_TIMEOUT), ("stream", NO_TIMEOUT))
    ]
    rewritten = [route for route in routes if route.path != route.inner]
    rules += [_operations(prefixes, method) for prefixes, method in _prefixes(rewritten)]
    return [rule for rule in rules if rule["matches"]]


def _prefixes(routes: Sequence[Route]) -> list[tuple[tuple[str, str], str]]:
    """Return ((outside, inside), method): ("/ops/order-svc", "/ops"), "GET"."""
    pairs = [((f"/ops/{route.service}", "/ops"), route.method) for route in routes]
    return sorted(set(pairs))


def _operations(prefixes: tuple[str, str], method: str) -> Json:
    """Only one prefix of a rule can be rewritten; the service knows what is not there."""
    outside, inside = prefixes
    match: Json = {"path": {"type": "PathPrefix", "value": outside}, "method": method}
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": inside}
    rule = _rule([match], REQUEST_TIMEOUT)
    rule["filters"].append({"type": "URLRewrite", "urlRewrite": {"path": path}})
    return rule


def _rule(matches: list[Json], timeout: str) -> Json:
    answered = [{"name": name, "value": value} for name, value in ANSWERED.items()]
    return {
        "matches": matches,
        "timeouts": {"request": timeout},
        "filters": [
            {
                "type": "RequestHeaderModifier",
                "requestHeaderModifier": {"remove": list(NOT_FOR_PEOPLE)},
            },
            {
                "type": "ResponseHeaderModifier",
                "responseHeaderModifier": {"set": answered, "remove": ["Server", "Via"]},
            },
        ],
    }


def _match(route: Route) -> Json:
    pattern = expression(route.path)
    path = {"type": "Exact", "value": pattern}
    if pattern != route.path:
        path = {"type": "RegularExpression", "value": f"^{pattern}$"}
    return {"path": path, "method": route.method}
