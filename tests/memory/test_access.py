"""Who may call what: every route of every service, met by everybody, for what is whose.

`edge/routes.toml` is the one table of routes and roles; the gateway is generated from it, and here
the services are held to it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

import pytest
from fastapi import APIRouter
from starlette.routing import BaseRoute, Route

from cafe_kit.clock import utc_now
from cafe_kit.memory_sidecar import MemoryDapr
from cafe_kit.sidecar import Reply
from cafe_kit.subscriptions import dead_letter_topic
from tests.memory.cafe import AUDIENCE, ISSUER, MemoryCafe, token
from tests.memory.journeys import PICKUP
from tests.memory.node import SERVICES
from tests.memory.people import ALLOWED, OWNER, PEOPLE, TABLE, Person, promised
from tools.access import PAGE, render
from tools.edge_table import read_routes

Call = tuple[str, str]
"""(app id, "METHOD /path")."""

NOT_FOR_PEOPLE = ("/events/", "/job/", "/dapr/", "/livez", "/readyz", "/info", "/metrics")
DOCUMENTATION = ("/docs", "/openapi.json")
"""No gateway leads there, nor to the former (tests/edge)."""

BODIES: dict[str, object] = {
    "POST /orders": PICKUP.body,
    "PUT /menus/{cafe_id}/items/{menu_id}": {
        "name": "Flat white",
        "price": {"amount": 5_500, "currency": "KRW"},
    },
    "POST /ops/dead-letters/replay": {"topic": "cafe.Paid.v1"},
    "POST /ops/dead-letters/{letter_id}/discard": {"reason": "a test"},
}
NO_IDS = {"order_id": "none", "cafe_id": "none", "menu_id": "none", "letter_id": "none"}
GUARDED = [call for call, route in TABLE.items() if "public" not in route.roles]
ROLES = ("customer", "barista", "rider", "operator")
BAD_TOKENS = {
    "garbage": "x.y.z",
    "expired": token("ana", *ROLES, exp=1),
    "of another issuer": token("ana", *ROLES, iss="https://elsewhere.example"),
    "for another audience": token("ana", *ROLES, aud="tea"),
    "an ID token": token("ana", *ROLES, aud="cafe-web"),
}


async def a_day_at_the_cafe(cafe: MemoryCafe) -> dict[str, str]:
    """Give every service an order of ana's at gangnam, and a dead letter; return their ids."""
    placed = await cafe.customer(OWNER.name).post("/orders", PICKUP.body, idempotency_key="1")
    await cafe.settle()
    for app_id in SERVICES:
        cafe.dapr.accept(dead_letter_topic(app_id), b"no event")
    await cafe.settle()
    parked = await cafe.operator().send("GET", "/ops/dead-letters", b"", app_id="order-svc")
    return {
        "order_id": placed.body["order_id"],
        "cafe_id": "gangnam",
        "menu_id": "americano",
        "letter_id": parked.body["items"][0]["id"],
    }


async def ask(cafe: MemoryCafe, call: Call, ids: Mapping[str, str], bearer: str) -> Reply:
    app_id, route = call
    method, _, path = route.partition(" ")
    target = path.format(**ids) + ("?cafe_id=gangnam" if path == "/menus" else "")
    body = json.dumps(BODIES[route]).encode() if route in BODIES else b""
    headers = {"content-type": "application/json", "idempotency-key": "2"}
    signed = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return await cafe.dapr.apps[app_id](method, target, body, headers | signed)


def operations(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Give "METHOD /path" of each route, also of routers in routers, also of undocumented ones."""
    for route in routes:
        if isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield f"{method} {route.path}"
        else:
            included: APIRouter = getattr(route, "original_router")  # noqa: B009 - not in its type
            yield from operations(included.routes)


def operations_of(app_id: str) -> set[str]:
    env = {"APP_PORT": "1", "TOKEN_ISSUER": ISSUER, "TOKEN_AUDIENCE": AUDIENCE}
    env |= {"APP_ID": app_id, "STATE_STORE": "store", "PUBSUB": "pubsub"}
    app = SERVICES[app_id](env, MemoryDapr().sidecar(app_id), utc_now)
    return set(operations(app.routes))


@pytest.mark.parametrize("app_id", SERVICES)
def test_every_route_of_a_service_has_a_row_or_is_for_no_person(app_id: str) -> None:
    found = operations_of(app_id)

    for_people = {
        each
        for each in found
        if not each.partition(" ")[2].startswith((*NOT_FOR_PEOPLE, *DOCUMENTATION))
    }
    assert for_people == {route for service, route in TABLE if service == app_id}
    assert "GET /metrics" in found, "undocumented routes are seen too"


def test_the_committed_page_shows_the_table() -> None:
    assert PAGE.read_text() == render(read_routes())


@pytest.mark.parametrize("who", PEOPLE)
async def test_everybody_gets_what_the_table_promises(cafe: MemoryCafe, who: str) -> None:
    ids, person = await a_day_at_the_cafe(cafe), PEOPLE[who]

    answers = {call: await ask(cafe, call, ids, person.bearer) for call in TABLE}

    refused = {call: a.status for call, a in answers.items() if a.status in (401, 403, 404)}
    wanted = {call: promised(route, person) for call, route in TABLE.items()}
    assert refused == {call: status for call, status in wanted.items() if status != ALLOWED}
    others = {call: (a.status, a.body) for call, a in answers.items() if call not in refused}
    assert {status for status, _ in others.values()} <= {200, 201, 202, 409}, others


@pytest.mark.parametrize("kind", BAD_TOKENS)
async def test_without_a_good_token_every_guarded_route_is_401(cafe: MemoryCafe, kind: str) -> None:
    found = {call: (await ask(cafe, call, NO_IDS, BAD_TOKENS[kind])).status for call in GUARDED}

    assert found == dict.fromkeys(GUARDED, 401)


async def test_lists_hold_only_what_is_the_caller_s(cafe: MemoryCafe) -> None:
    await a_day_at_the_cafe(cafe)

    async def pages(person: Person) -> int:
        return len((await cafe.caller(person.bearer).get("/my-pages")).body["items"])

    assert await pages(PEOPLE["the customer"]) == 1
    assert await pages(PEOPLE["another customer"]) == 0


async def test_probes_and_metrics_need_no_token(cafe: MemoryCafe) -> None:
    for app_id in SERVICES:
        for path in ("/livez", "/readyz", "/info", "/metrics"):
            reply = await cafe.dapr.apps[app_id]("GET", path, b"", {})
            assert reply.status == 200, (app_id, path)
