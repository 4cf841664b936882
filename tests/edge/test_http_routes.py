"""A cluster's gateway lets in what the table says and nothing else, whatever controller it is."""

import re
from typing import Any

import pytest

from tests.contract.committed import ROOT
from tests.edge.committed import INNER, MALFORMED, ORDERS, Order, arrival, http_routes, way
from tools.edge import files
from tools.edge_http_routes import (
    ANSWERED,
    FRONT_DOOR,
    GATEWAY,
    NO_TIMEOUT,
    NOT_FOR_PEOPLE,
    REQUEST_TIMEOUT,
    render_http_routes,
)
from tools.edge_table import Route, read_routes
from tools.gateway import EDGE

TABLE = read_routes()
SERVED = [route for route in TABLE if route.kind != "static"]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
every_order = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
every_route = pytest.mark.parametrize(
    "route", SERVED, ids=lambda each: f"{each.method} {each.path}"
)


def asked(path: str) -> str:
    return re.sub(r"\{\w+\}", "0190-a.b_C", path)


def rules() -> list[dict[str, Any]]:
    return [rule for route in http_routes() for rule in route["spec"]["rules"]]


def filters(rule: dict[str, Any]) -> dict[str, Any]:
    return {each["type"]: each for each in rule.get("filters", [])}


def test_writing_the_routes_again_would_change_nothing() -> None:
    assert {path.name: path.read_text() for path in files()} == {
        path.name: text for path, text in files().items()
    }


@every_order
@every_route
def test_a_row_of_the_table_arrives_at_its_service(route: Route, order: Order) -> None:
    arrived = arrival(route.method, asked(route.path), order)

    assert arrived == (route.service, asked(route.inner))


@every_order
@every_route
def test_another_method_of_a_path_arrives_nowhere_or_where_it_is_refused(
    route: Route, order: Order
) -> None:
    there = {each.method for each in SERVED if each.path == route.path}
    arrivals = {arrival(method, asked(route.path), order) for method in {*METHODS} - there}

    # What a service has below /ops is one prefix for each method; the service says 405.
    rewritten = route.path != route.inner
    assert arrivals <= {None, (route.service, asked(route.inner)) if rewritten else None}


@every_order
@pytest.mark.parametrize("path", [*INNER, *MALFORMED])
def test_what_is_not_public_arrives_nowhere(path: str, order: Order) -> None:
    arrivals = {arrival(method, path, order) for method in METHODS} - {None}

    # Of /ops/{app-id} a service gets everything, and has what is in the table.
    assert all(
        path.startswith(f"/ops/{service}") and inner.startswith("/ops")
        for service, inner in filter(None, arrivals)
    )
    assert not {*filter(None, arrivals)} & {(each.service, each.inner) for each in SERVED}


@every_order
@pytest.mark.parametrize("path", ["/", "/config.json", "/js/app.js", "/nothing", "/livez"])
def test_everything_else_is_the_front_doors(path: str, order: Order) -> None:
    sent = way("GET", path, order)

    assert sent is not None
    assert (sent.service, sent.path) == (FRONT_DOOR, path)


@every_route
def test_a_row_goes_straight_to_its_service_and_only_a_stream_may_last(route: Route) -> None:
    sent = way(route.method, asked(route.path), ORDERS["expressions before prefixes"])

    assert sent is not None
    assert sent.service == route.service
    limit = NO_TIMEOUT if route.kind == "stream" else REQUEST_TIMEOUT
    assert sent.rule["timeouts"] == {"request": limit}


def test_what_goes_straight_loses_and_gets_the_headers_of_the_front_door() -> None:
    straight = [rule for rule in rules() if rule["backendRefs"][0]["name"] != FRONT_DOOR]
    written = (EDGE / "Caddyfile").read_text()

    for rule in straight:
        removed = filters(rule)["RequestHeaderModifier"]["requestHeaderModifier"]["remove"]
        answered = filters(rule)["ResponseHeaderModifier"]["responseHeaderModifier"]
        assert removed == [*NOT_FOR_PEOPLE]
        assert {re.sub("^Dapr-.*", "Dapr-*", name) for name in removed} == {
            *re.findall(r"request_header -(\S+)", written)
        }
        assert {each["name"]: each["value"] for each in answered["set"]} == ANSWERED
        assert answered["remove"] == re.findall(r"^\t\t\t-([\w-]+)$", written, re.MULTILINE)
    for name, value in ANSWERED.items():
        assert re.search(rf'{name} "?{re.escape(value)}"?\n', written), name


def test_every_dapr_header_that_a_service_reads_is_removed() -> None:
    read = {
        name
        for path in ROOT.glob("kit/cafe_kit/*.py")
        for name in re.findall(r'"(dapr-[a-z-]+)"', path.read_text())
    }

    assert read
    assert read <= {name.lower() for name in NOT_FOR_PEOPLE}


def test_the_routes_keep_to_the_limits_of_the_api() -> None:
    for route in http_routes():
        of_route = route["spec"]["rules"]
        assert len(of_route) <= 16
        assert sum(len(rule["matches"]) for rule in of_route) <= 128
        for rule in of_route:
            assert 1 <= len(rule["matches"]) <= 64
            if "URLRewrite" in filters(rule):
                [match] = rule["matches"]
                assert match["path"]["type"] == "PathPrefix"


def test_every_route_belongs_to_the_gateway_and_leads_to_the_service_of_its_name() -> None:
    for route in http_routes():
        assert route["spec"]["parentRefs"] == [{"name": GATEWAY}]
        backends = [rule["backendRefs"] for rule in route["spec"]["rules"]]
        assert backends == [[{"name": route["metadata"]["name"], "port": 80}]] * len(backends)


def test_an_expression_means_the_same_whether_part_or_all_of_the_path_must_match() -> None:
    values = [
        match["path"]["value"]
        for rule in rules()
        for match in rule["matches"]
        if match["path"]["type"] == "RegularExpression"
    ]

    assert values
    assert all(value.startswith("^/") and value.endswith("$") for value in values)


def test_a_row_more_in_the_table_is_a_match_more() -> None:
    more = Route("GET", "/tables/{table_id}", "/tables/{table_id}", "cafe-svc", "json", ("public",))

    text = render_http_routes([*TABLE, more])

    assert text.count("/tables/") == 1
    assert text.count("matches:") == render_http_routes(TABLE).count("matches:")
