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
OPERATIONS = {
    "GET /ops/dead-letters": {"operator"},
    "GET /ops/dead-letters/{letter_id}": {"operator"},
    "POST /ops/dead-letters/replay": {"operator"},
    "POST /ops/dead-letters/{letter_id}/replay": {"operator"},
    "POST /ops/dead-letters/{letter_id}/discard": {"operator"},
}
"""What every service has."""

APPS = sorted(set(OWNERS.values()))
ROLES_OF = {(OWNERS[route.split("/")[1]], route): roles for route, roles in ROUTES.items()} | {
    (app_id, route): roles for app_id in APPS for route, roles in OPERATIONS.items()
}
GUARDED = [call for call, roles in ROLES_OF.items() if roles is not PUBLIC]
BAD_TOKENS = {
    "none": "",
    "garbage": "x.y.z",
    "expired": token("ana", *ROLES, exp=1),
    "of another issuer": token("ana", *ROLES, iss="https://elsewhere.example"),
    "for another audience": token("ana", *ROLES, aud="tea"),
}


async def status_of(cafe: MemoryCafe, call: tuple[str, str], bearer: str) -> int:
    """Call the route for an order or a letter that does not exist, at gangnam."""
    app_id, route = call
    method, _, path = route.partition(" ")
    target = path.format(
        order_id="unknown", cafe_id="gangnam", menu_id="unknown", letter_id="unknown"
    )
    query = "?cafe_id=gangnam" if path == "/menus" else ""
    return (await cafe.caller(bearer).send(method, target + query, b"", app_id=app_id)).status


async def test_this_table_has_every_public_route(cafe: MemoryCafe) -> None:
    found: set[tuple[str, str]] = set()
    for app_id in APPS:
        reply = await cafe.dapr.apps[app_id]("GET", "/openapi.json", b"", {})
        paths = TypeAdapter(dict[str, Any]).validate_json(reply.body)["paths"]
        found |= {
            (app_id, f"{verb.upper()} {path}") for path, verbs in paths.items() for verb in verbs
        }

    assert found == set(ROLES_OF)


@pytest.mark.parametrize("kind", BAD_TOKENS)
async def test_without_a_good_token_every_guarded_route_is_401(cafe: MemoryCafe, kind: str) -> None:
    found = {call: await status_of(cafe, call, BAD_TOKENS[kind]) for call in GUARDED}

    assert found == dict.fromkeys(GUARDED, 401)


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_gets_past_the_guard_of_its_own_routes_only(
    cafe: MemoryCafe, role: str
) -> None:
    bearer = token("somebody", role, cafe_id="gangnam")

    found = {call: await status_of(cafe, call, bearer) for call in GUARDED}

    refused = {call for call, status in found.items() if status == 403}
    assert refused == {call for call in GUARDED if role not in ROLES_OF[call]}
    assert 401 not in found.values()


async def test_public_routes_need_no_token(cafe: MemoryCafe) -> None:
    public = [call for call in ROLES_OF if call not in GUARDED]

    assert {await status_of(cafe, call, "") for call in public} == {200}


async def test_probes_and_metrics_need_no_token(cafe: MemoryCafe) -> None:
    for app_id in APPS:
        for path in ("/livez", "/readyz", "/info", "/metrics"):
            reply = await cafe.dapr.apps[app_id]("GET", path, b"", {})
            assert reply.status == 200, (app_id, path)
