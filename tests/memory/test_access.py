"""Who may call what: every route of every service, met by nobody, by bad tokens, by each role."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.memory.cafe import OWNERS, MemoryCafe, token

PUBLIC: set[str] = set()
ROLES = {"customer", "barista", "rider", "operator"}
ROUTES = {
    "POST /orders": {"customer"},
    "GET /orders/{order_id}": {"customer", "operator"},
    "POST /orders/{order_id}/cancel": {"customer", "operator"},
    "GET /payments/{order_id}": {"customer", "operator"},
    "POST /payments/{order_id}/retry-refund": {"operator"},
    "GET /menus": PUBLIC,
    "GET /cafes": PUBLIC,
    "PUT /menus/{cafe_id}/items/{menu_id}": {"barista"},
    "POST /menus/{cafe_id}/items/{menu_id}/sold-out": {"barista"},
    "POST /menus/{cafe_id}/items/{menu_id}/restock": {"barista"},
    "POST /cafes/{cafe_id}/open": {"barista"},
    "POST /cafes/{cafe_id}/close": {"barista"},
    "GET /cafe-orders/{order_id}": ROLES,
    "POST /cafe-orders/{order_id}/accept": {"barista"},
    "POST /cafe-orders/{order_id}/reject": {"barista"},
    "POST /cafe-orders/{order_id}/start": {"barista"},
    "POST /cafe-orders/{order_id}/finish": {"barista"},
    "POST /cafe-orders/{order_id}/hand-over": {"barista"},
    "POST /cafe-orders/{order_id}/uncollected": {"barista"},
    "POST /cafe-orders/{order_id}/start-delivery": {"rider"},
    "POST /cafe-orders/{order_id}/confirm-delivery": {"rider"},
    "GET /my-pages": {"customer"},
    "GET /my-pages/{order_id}": {"customer"},
    "GET /boards/{cafe_id}": {"barista", "operator"},
}
GUARDED = [route for route, roles in ROUTES.items() if roles is not PUBLIC]
BAD_TOKENS = {
    "none": "",
    "garbage": "x.y.z",
    "expired": token("ana", *ROLES, exp=1),
    "of another issuer": token("ana", *ROLES, iss="https://elsewhere.example"),
    "for another audience": token("ana", *ROLES, aud="tea"),
}


async def status_of(cafe: MemoryCafe, route: str, bearer: str) -> int:
    """Call the route for an order that does not exist, at gangnam."""
    method, _, path = route.partition(" ")
    target = path.format(order_id="unknown", cafe_id="gangnam", menu_id="unknown")
    query = "?cafe_id=gangnam" if path == "/menus" else ""
    return (await cafe.caller(bearer).send(method, target + query, b"")).status


async def test_this_table_has_every_public_route(cafe: MemoryCafe) -> None:
    found: set[str] = set()
    for app_id in set(OWNERS.values()):
        reply = await cafe.dapr.apps[app_id]("GET", "/openapi.json", b"", {})
        paths = TypeAdapter(dict[str, Any]).validate_json(reply.body)["paths"]
        found |= {f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs}

    assert found == set(ROUTES)


@pytest.mark.parametrize("kind", BAD_TOKENS)
async def test_without_a_good_token_every_guarded_route_is_401(cafe: MemoryCafe, kind: str) -> None:
    found = {route: await status_of(cafe, route, BAD_TOKENS[kind]) for route in GUARDED}

    assert found == dict.fromkeys(GUARDED, 401)


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_gets_past_the_guard_of_its_own_routes_only(
    cafe: MemoryCafe, role: str
) -> None:
    bearer = token("somebody", role, cafe_id="gangnam")

    found = {route: await status_of(cafe, route, bearer) for route in GUARDED}

    refused = {route for route, status in found.items() if status == 403}
    assert refused == {route for route in GUARDED if role not in ROUTES[route]}
    assert 401 not in found.values()


async def test_public_routes_need_no_token(cafe: MemoryCafe) -> None:
    public = [route for route in ROUTES if route not in GUARDED]

    assert {await status_of(cafe, route, "") for route in public} == {200}


async def test_probes_and_metrics_need_no_token(cafe: MemoryCafe) -> None:
    for app_id in set(OWNERS.values()):
        for path in ("/livez", "/readyz", "/info", "/metrics"):
            reply = await cafe.dapr.apps[app_id]("GET", path, b"", {})
            assert reply.status == 200, (app_id, path)
