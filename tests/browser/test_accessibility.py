"""Every page of everybody: with content, empty, waiting and failing; each language and scheme."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from tests.browser.axe import barriers
from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.browser.scene import Scene, busy_hour
from tests.browser.views import EVERYBODY, View, arrive, show, views_of
from tests.e2e.cafe import Cafe
from tools.stack import Stack

pytestmark = IN_CHROMIUM

Meddle = Callable[[Route], Awaitable[None]]
EMPTY = '{"items": [], "next": null}'
SIDECAR = '{"runtime_version": "1", "components": [], "subscriptions": [], "breakers": []}'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(stack: Stack) -> AsyncGenerator[Scene]:
    async with (
        httpx.AsyncClient(timeout=10) as http,
        busy_hour(Cafe(stack.folder.running(), http), stack) as scene,
    ):
        yield scene


async def refuse(route: Route) -> None:
    problem = {"type": "about:blank", "title": "Away", "status": 503, "detail": "Away."}
    kind = "application/problem+json"
    await route.fulfill(status=503, content_type=kind, body=json.dumps(problem))


async def answer_nothing(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path.endswith("/stream"):
        frame = f"event: snapshot\ndata: {EMPTY}\n\n"
        await route.fulfill(content_type="text/event-stream", body=frame)
    else:
        body = SIDECAR if path.endswith("/sidecar") else EMPTY
        await route.fulfill(content_type="application/json", body=body)


async def never_answer(_: Route) -> None:
    """Leave the page waiting."""


async def meddle_with_services(visitor: Visitor, meddle: Meddle) -> None:
    """Let `meddle` answer for the services from now on; files and sign-in go on."""

    async def handle(route: Route) -> None:
        is_call = route.request.resource_type == "fetch" and "config.json" not in route.request.url
        await (meddle(route) if is_call else route.fallback())

    await visitor.page.route(f"{visitor.door}/**", handle)


async def in_both_languages(visitor: Visitor) -> list[str]:
    """Return what is wrong with the page that is shown, and go back to English."""
    wrong: list[str] = []
    for other, lang in (("English", "en"), ("한국어", "ko")):
        if await visitor.page.locator("html").get_attribute("lang") != lang:
            # A dialog covers the button.
            await visitor.button(other).dispatch_event("click")
        await expect(visitor.page.locator("html")).to_have_attribute("lang", lang)
        wrong += [f"{lang}: {barrier}" for barrier in await barriers(visitor.page)]
    await visitor.button("English").dispatch_event("click")
    return wrong


@pytest.mark.parametrize("person", EVERYBODY)
async def test_nothing_keeps_anybody_from_using_a_page(
    visit: Visit, scene: Scene, person: str
) -> None:
    visitor = await visit()
    await arrive(visitor, person)

    wrong: list[str] = []
    for view in views_of(person, scene):
        await show(visitor, view)
        wrong += [f"{view.name}: {what}" for what in await in_both_languages(visitor)]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("meddle", [refuse, answer_nothing, never_answer])
@pytest.mark.parametrize("person", EVERYBODY)
async def test_nor_when_it_is_empty_or_waits_or_fails(
    visit: Visit, person: str, meddle: Meddle
) -> None:
    visitor = await visit()
    await arrive(visitor, person)
    visitor.watch.expect("503 GET *")
    await meddle_with_services(visitor, meddle)
    heading = visitor.page.locator("h1").filter(has_not_text="No such page")

    wrong: list[str] = []
    for view in views_of(person, Scene("some-order", "another-order", "some-letter")):
        if has_that_state(view, meddle):
            await visitor.go("nowhere")
            await visitor.turn_to(view.path)
            await expect(heading).to_be_visible()
            await expect(visitor.page.locator(SIGN_OF[meddle]).first).to_be_visible()
            wrong += [f"{view.name}: {what}" for what in await barriers(visitor.page)]

    assert not wrong, "\n".join(wrong)


SIGN_OF: dict[Meddle, str] = {
    refuse: "[role=alert]:not(:empty)",
    answer_nothing: ".empty",
    never_answer: ".loading",
}
LISTS = {"", "orders", "board", "deliveries", "ops", "ops/refunds", "ops/letters", "ops/sidecars"}
WITHOUT_CONTENT = {"sign-in-first", "no-such-page", "not-for-you", "reject"}


def has_that_state(view: View, meddle: Meddle) -> bool:
    if view.name in WITHOUT_CONTENT:
        return False
    return meddle is not answer_nothing or view.path in LISTS


async def test_nor_when_there_is_no_network(visit: Visit, scene: Scene) -> None:
    ana = await visit()
    await arrive(ana, "customer")
    await ana.go(f"orders/{scene.making}")
    ana.watch.expect("net::ERR_INTERNET_DISCONNECTED *")

    await ana.page.context.set_offline(offline=True)

    await expect(ana.page.get_by_text("No connection.")).to_be_visible()
    assert await barriers(ana.page) == []
    await ana.press("한국어")
    await expect(ana.page.locator("html")).to_have_attribute("lang", "en")
    await ana.page.context.set_offline(offline=False)
    await expect(ana.page.get_by_text("No connection.")).to_have_count(0)


async def test_nor_on_the_page_to_sign_in(visit: Visit) -> None:
    somebody = await visit()
    await somebody.open()

    await somebody.press("Sign in")
    await expect(somebody.button("ana, customer")).to_be_visible()

    assert await barriers(somebody.page) == []


async def test_a_barrier_would_be_found(visit: Visit) -> None:
    somebody = await visit()
    await somebody.open()

    await somebody.page.evaluate(BARRIERS)
    found = await barriers(somebody.page)

    assert {line.split(" (")[0] for line in found} == {
        "dark: color-contrast",
        "light: image-alt",
        "600 pixels wide on 375",
    }


BARRIERS = """() => {
  const main = document.querySelector("main");
  const image = document.createElement("img");
  image.src = "/icon.svg";
  const words = document.createElement("p");
  words.textContent = "Light on light, dark on dark";
  words.style.color = "light-dark(#000, #222)";
  words.style.width = "600px";
  main.style.margin = "0";
  main.style.padding = "0";
  main.append(image, words);
}"""
