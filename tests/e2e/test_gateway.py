"""The one front door: what is public answers through it, what is not is not there."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncGenerator, Generator
from typing import Any

import httpx
import pytest

from tests.e2e.cafe import ORDER, SLOW_MACHINE, Cafe, Person
from tests.edge.committed import INNER
from tests.waiting import wait_until
from tools.edge_table import Route, read_routes
from tools.launch import random_stack
from tools.stack import Stack

pytestmark = pytest.mark.e2e

SERVED = [route for route in read_routes() if route.service != "gateway"]
each_route = pytest.mark.parametrize(
    "route", SERVED, ids=[f"{route.method} {route.path}" for route in SERVED]
)


@pytest.fixture
async def door(stack: Stack, cafe: Cafe) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the gateway of a stack where everything is up."""
    async with httpx.AsyncClient(base_url=stack.url("gateway"), timeout=15) as client:
        for service in cafe.running["services"]:
            await wait_until(
                lambda path=f"/ops/{service}/dead-letters": client.get(path),
                lambda answer: answer.status_code == 401,
                what=f"the gateway's way to {service}",
            )
        yield client


async def bearer(person: Person) -> dict[str, str]:
    token = await person.cafe.token(person.sub, person.roles, person.cafe_id)
    return {"authorization": f"Bearer {token}"}


@each_route
async def test_every_route_leads_to_a_service_that_asks_who_is_there(
    door: httpx.AsyncClient, route: Route
) -> None:
    path = re.sub(r"\{\w+\}", "gangnam", route.path)

    answer = await door.request(route.method, path, params={"cafe_id": "gangnam"})

    assert answer.headers["x-request-id"]
    if route.roles == ("public",):
        assert answer.status_code == 200
    else:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", INNER)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_not_public_is_not_there_not_even_for_an_operator(
    cafe: Cafe, door: httpx.AsyncClient, stack: Stack, method: str, path: str
) -> None:
    tokens = stack.topology.tokens.env("order-svc")
    headers = {**await bearer(cafe.operator()), "dapr-api-token": tokens["APP_API_TOKEN"]}

    answer = await door.request(method, path, headers=headers, content=b"{}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "There is nothing at this address."


async def test_an_order_is_placed_followed_and_served_through_the_door(
    cafe: Cafe, door: httpx.AsyncClient
) -> None:
    ana, ben = await bearer(cafe.customer()), await bearer(cafe.barista())
    key = {"idempotency-key": str(uuid.uuid4())}

    placed = await door.post("/orders", json=ORDER, headers=ana | key)
    again = await door.post("/orders", json=ORDER, headers=ana | key)
    order_id = placed.json()["order_id"]
    await page_once(door, order_id, ana, "Paid")
    for step in ("accept", "start", "finish", "hand-over"):
        done = await door.post(f"/cafe-orders/{order_id}/{step}", headers=ben)
        assert done.status_code == 200, done.text
    page = await page_once(door, order_id, ana, "Completed")
    payment = await door.get(f"/payments/{order_id}", headers=ana)

    assert (placed.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert page["delivery_status"] == "Picked up"
    assert payment.json()["status"] == "PAID"


async def page_once(
    door: httpx.AsyncClient, order_id: str, who: dict[str, str], status: str
) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        return (await door.get(f"/my-pages/{order_id}", headers=who)).json()

    return await wait_until(
        read,
        lambda page: page.get("order_status") == status,
        what=f"page {status}",
        timeout_s=60,
        every_s=0.1,
    )


async def test_pages_come_through_the_door_while_they_change(
    cafe: Cafe, door: httpx.AsyncClient
) -> None:
    ana = cafe.customer()
    headers = {**await bearer(ana), "accept": "text/event-stream"}

    async with door.stream("GET", "/my-pages/stream", headers=headers) as stream:
        frames = _frames(stream)
        event, snapshot = await asyncio.wait_for(anext(frames), 10)
        assert (event, snapshot["items"]) == ("snapshot", [])
        order_id = await ana.ordered()
        told: list[tuple[str, str, str]] = []
        async with asyncio.timeout(30):
            while ("page", order_id, "Paid") not in told:
                event, page = await anext(frames)
                told.append((event, page["order_id"], page["order_status"]))

    assert {(event, order_id) for event, order_id, _ in told} == {("page", order_id)}


async def _frames(stream: httpx.Response) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
    """Yield event and data of each frame."""
    event = ""
    async for line in stream.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


async def test_a_forged_caller_is_taken_for_anybody(door: httpx.AsyncClient) -> None:
    forged = {"dapr-caller-app-id": "order-svc", "dapr-api-token": "wrong"}

    menu = await door.get("/menus", params={"cafe_id": "gangnam"}, headers=forged)

    assert menu.status_code == 200


async def test_the_web_app_is_served_with_what_its_browser_must_know(
    cafe: Cafe, door: httpx.AsyncClient
) -> None:
    identity = cafe.running["identity"]["url"]

    page = await door.get("/")
    unchanged = await door.get("/", headers={"if-none-match": page.headers["etag"]})
    config = await door.get("/config.json")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    policy = dict(
        rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == f"'self' {identity}"
    assert policy["frame-ancestors"] == "'none'"
    assert unchanged.status_code == 304
    assert config.json() == {
        "identity": identity,
        "client_id": "cafe-web",
        "links": {"traces": None, "logs": None},
    }


@pytest.mark.parametrize("path", ["/", "/config.json", "/cafes", "/orders", "/nowhere"])
async def test_every_answer_tells_a_browser_to_be_careful(
    door: httpx.AsyncClient, path: str
) -> None:
    headers = (await door.get(path, headers={"origin": "http://evil.example"})).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["permissions-policy"]
    unwanted = ("server", "via", "strict-transport-security", "access-control-allow-origin")
    assert not [name for name in unwanted if name in headers]


async def test_a_gateway_that_died_is_back_as_it_was(
    cafe: Cafe, door: httpx.AsyncClient, stack: Stack
) -> None:
    stack.kill("gateway")
    with pytest.raises(httpx.ConnectError):
        await door.get("/cafes")

    stack.start("gateway")

    again = Cafe(stack.folder.running(), cafe.http)
    assert again.running["gateway"]["url"] == cafe.running["gateway"]["url"]
    assert again.running["gateway"]["pid"] != cafe.running["gateway"]["pid"]
    assert (await door.get("/cafes")).status_code == 200


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Two replicas of every service, which turn nobody away because the machine is busy."""
    folder = tmp_path_factory.mktemp("pair")
    with random_stack(folder, app_env=SLOW_MACHINE, replicas=2) as stack:
        yield stack


async def test_while_one_of_two_replicas_is_replaced_nobody_is_turned_away(pair: Stack) -> None:
    async with httpx.AsyncClient(timeout=15) as http:
        cafe = Cafe(pair.folder.running(), http)
        over, door = asyncio.Event(), pair.url("gateway")
        asked = [asyncio.create_task(_order_and_look(cafe, door, over)) for _ in range(2)]

        await asyncio.to_thread(pair.restart, "order-svc", "order-svc.daprd")
        await asyncio.to_thread(pair.restart, "mypage-svc.2", "mypage-svc.2.daprd")

        over.set()
        answers = [answer for answers in await asyncio.gather(*asked) for answer in answers]
    assert len(answers) > 50
    assert set(answers) == {"POST 201", "GET 200"}


async def _order_and_look(cafe: Cafe, door: str, over: asyncio.Event) -> list[str]:
    """Order as one person after the other until it is over; return what was answered."""
    answers: list[str] = []
    while not over.is_set():
        who = await bearer(cafe.customer())
        for _ in range(10):
            headers = who | {"idempotency-key": str(uuid.uuid4())}
            placed = await cafe.http.post(f"{door}/orders", json=ORDER, headers=headers)
            pages = await cafe.http.get(f"{door}/my-pages", headers=who)
            answers += [f"POST {placed.status_code}", f"GET {pages.status_code}"]
    return answers
