"""Who may talk: the sidecar to its app, the app to its sidecar, and nobody in their place."""

import json
from dataclasses import replace
from typing import Final

import pytest

from tests.e2e.cafe import Cafe
from tests.e2e.test_dead_letters import envelope
from tools.stack import Stack

pytestmark = pytest.mark.e2e

WRONG: Final[tuple[dict[str, str], ...]] = (
    {},
    {"dapr-api-token": ""},
    {"dapr-api-token": "wrong"},
    {"authorization": "Bearer wrong"},
)


@pytest.mark.parametrize("headers", WRONG, ids=str)
async def test_a_forged_event_is_refused_and_nothing_happens(
    cafe: Cafe, headers: dict[str, str]
) -> None:
    ana = cafe.customer()
    order_id = await ana.ordered(payment_method="tok_slow")
    forged = envelope("cafe.OrderAccepted.v1", order_id)
    route = cafe.url("order-svc", "/events/cafe.OrderAccepted.v1")

    answer = await cafe.http.post(route, content=json.dumps(forged), headers=headers)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await ana.order_once(order_id, "PAID"))["version"] == 2


@pytest.mark.parametrize("path", ["/job/order.watch-1", "/events/cafe.dead-letter.order-svc"])
async def test_every_route_of_the_sidecar_asks_for_the_token(cafe: Cafe, path: str) -> None:
    answer = await cafe.http.post(cafe.url("order-svc", path), content=b"{}")

    assert answer.status_code == 401


async def test_the_list_of_subscriptions_is_for_the_sidecar_only(cafe: Cafe) -> None:
    answer = await cafe.http.get(cafe.url("order-svc", "/dapr/subscribe"))

    assert answer.status_code == 401


async def test_only_the_sidecar_names_a_calling_app(cafe: Cafe) -> None:
    menu = cafe.url("cafe-svc", "/menus?cafe_id=gangnam")

    forged = await cafe.http.get(menu, headers={"dapr-caller-app-id": "order-svc"})

    assert forged.status_code == 401
    assert (await cafe.http.get(menu)).status_code == 200


async def test_a_sidecar_serves_its_own_app_only(cafe: Cafe, stack: Stack) -> None:
    port, tokens = stack.topology.ports["order-svc.http"], stack.topology.tokens
    metadata = f"http://127.0.0.1:{port}/v1.0/metadata"

    answers = [
        (await cafe.http.get(metadata, headers=headers)).status_code
        for headers in (*WRONG, tokens.headers("payment-svc"), tokens.headers("order-svc"))
    ]

    assert answers == [401] * (len(WRONG) + 1) + [200]


async def test_a_service_delivers_to_no_other_neither_itself_nor_through_their_sidecars(
    cafe: Cafe, stack: Stack
) -> None:
    """Its sidecar shows an app its token for whoever invokes it: that must open no event route."""
    tokens, forged = stack.topology.tokens, envelope("cafe.OrderPlaced.v1", "some-order")
    own = {"dapr-api-token": tokens.env("mypage-svc")["APP_API_TOKEN"]}
    port = stack.topology.ports["mypage-svc.http"]
    invoked = f"http://127.0.0.1:{port}/events/cafe.OrderPlaced.v1"
    through = {"dapr-app-id": "payment-svc", **tokens.headers("mypage-svc")}

    direct = await cafe.http.post(
        cafe.url("payment-svc", "/events/cafe.OrderPlaced.v1"), json=forged, headers=own
    )
    around = await cafe.http.post(invoked, json=forged, headers=through)

    assert (direct.status_code, around.status_code) == (401, 401)
    seen = await cafe.operator().get("payment-svc", "/payments/some-order")
    assert seen.status_code == 404


async def test_after_a_rotation_the_token_of_before_still_opens(cafe: Cafe, stack: Stack) -> None:
    """First the apps learn the new token beside the old one, then their sidecars show it."""
    sidecar = stack.processes["payment-svc.daprd"].program.env
    app = stack.processes["payment-svc"]
    env = {**app.program.env, "APP_API_TOKEN": "a-new-one"}
    old = app.program
    app.program = replace(old, env={**env, "APP_API_TOKEN_PREVIOUS": sidecar["APP_API_TOKEN"]})
    try:
        stack.restart("payment-svc")
        ana = cafe.customer()
        await ana.page_once(await ana.ordered(), "Paid")
    finally:
        app.program = old
        stack.restart("payment-svc")
