"""Signing in on the real stack: a browser's way to a token, keys that change, a provider away."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from sandbox.tests.browser import Browser
from tests.e2e.cafe import POLL_S, Cafe, Person
from tests.waiting import wait_until
from tools.launch import RUN_FILE
from tools.stack import Stack
from tools.topology import app_ids

pytestmark = pytest.mark.e2e

PROVIDER = "identity-provider"
SOON_S = 15.0
"""A service asks for unknown keys at most every 5 s."""


@pytest.fixture
def browser(stack: Stack) -> Generator[Browser]:
    """A browser with the web app open."""
    stack.heal()
    browser = Browser(stack.url(PROVIDER), f"{stack.url('gateway')}/")
    with browser.http:
        yield browser


async def pages(person: Person) -> httpx.Response:
    return await person.get("mypage-svc", "/my-pages")


async def fresh(cafe: Cafe, **wish: object) -> str:
    """Return a token that is signed now."""
    url = f"{cafe.running['identity']['url']}/token"
    answer = await cafe.http.post(url, json={"sub": "ana", "roles": ["customer"], **wish})
    return answer.raise_for_status().json()["access_token"]


async def ask(cafe: Cafe, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return await cafe.http.get(cafe.url("mypage-svc", "/my-pages"), headers=headers)


async def until(cafe: Cafe, token: str, status: int) -> None:
    await wait_until(
        lambda: ask(cafe, token),
        lambda answer: answer.status_code == status,
        what=f"a {status}",
        timeout_s=SOON_S,
        every_s=POLL_S,
    )


def test_a_browser_comes_from_the_front_door_to_its_own_pages(browser: Browser) -> None:
    config = browser.http.get(f"{browser.web}config.json").json()
    metadata = browser.http.get(f"{config['identity']}/.well-known/openid-configuration").json()

    tokens = browser.tokens("ana")

    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    mine = browser.http.get(f"{browser.web}my-pages", headers=headers)
    board = browser.http.get(f"{browser.web}boards/gangnam", headers=headers)
    assert metadata["token_endpoint"] == f"{browser.url}/token"
    assert (mine.status_code, board.status_code) == (200, 403)
    assert browser.refresh(tokens["refresh_token"]).status_code == 200


def test_an_id_token_opens_no_door(browser: Browser) -> None:
    tokens = browser.tokens("olga")

    headers = {"authorization": f"Bearer {tokens['id_token']}"}
    refused = browser.http.get(f"{browser.web}ops/order-svc/sidecar", headers=headers)

    assert refused.status_code == 401


def test_an_operator_sees_every_sidecar_through_the_front_door(browser: Browser) -> None:
    headers = {"authorization": f"Bearer {browser.tokens('olga')['access_token']}"}

    def shown(app_id: str) -> dict[str, Any]:
        answer = browser.http.get(f"{browser.web}ops/{app_id}/sidecar", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    sidecars = {app_id: shown(app_id) for app_id in app_ids(RUN_FILE)}

    assert {app_id: each["app_id"] for app_id, each in sidecars.items()} == dict(
        zip(sidecars, sidecars, strict=True)
    )
    cafe = sidecars["cafe-svc"]
    assert {"cafe-store", "cafe-pubsub"} <= {each["name"] for each in cafe["components"]}
    assert {
        "pubsub": "cafe-pubsub",
        "topic": "cafe.Paid.v1",
        "dead_letter_topic": "cafe.dead-letter.cafe-svc",
    } in cafe["subscriptions"]
    assert cafe["app_health"]["path"] == "/livez"
    assert {each["state"] for each in sidecars["order-svc"]["breakers"]} <= {"closed"}


async def test_a_token_counts_until_it_expires(cafe: Cafe) -> None:
    short, expired = await fresh(cafe, ttl_s=2), await fresh(cafe, ttl_s=-1)

    assert (await ask(cafe, short)).status_code == 200
    refused = await ask(cafe, expired)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    await until(cafe, short, 401)


async def test_a_new_key_is_known_soon_and_the_old_one_stays_good(cafe: Cafe) -> None:
    old = await fresh(cafe)
    assert (await ask(cafe, old)).status_code == 200

    rotated = await cafe.http.post(f"{cafe.running['identity']['url']}/rotate")
    new = await fresh(cafe)

    assert rotated.status_code == 200
    await until(cafe, new, 200)
    assert (await ask(cafe, old)).status_code == 200


async def test_without_the_provider_known_keys_go_on(cafe: Cafe, stack: Stack) -> None:
    ana = cafe.customer()
    order_id = await ana.ordered()

    stack.kill(PROVIDER)

    assert (await pages(ana)).status_code == 200
    assert (await ana.get("order-svc", f"/orders/{order_id}")).status_code == 200
    assert await ana.ordered() != order_id


async def test_a_service_that_starts_without_the_provider_asks_people_to_come_again(
    cafe: Cafe, stack: Stack
) -> None:
    ana = cafe.customer()
    assert (await pages(ana)).status_code == 200
    stack.kill(PROVIDER)

    stack.restart("mypage-svc")

    away = await pages(ana)
    assert (away.status_code, away.headers["retry-after"]) == (503, "2")
    assert away.headers["content-type"] == "application/problem+json"
    stack.start(PROVIDER)
    await until(cafe, await cafe.token(ana.sub, ana.roles, None), 200)
