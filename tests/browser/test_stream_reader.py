"""What outlives a bad moment of the sign-in: the streams, who somebody is, where they were."""

from playwright.async_api import Route, expect

from tests.browser.breaks import held_back
from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.waiting import wait_until

pytestmark = IN_CHROMIUM

TOKEN = "**/token"
FOLLOW = """async () => {
  const { follow } = await import("/js/sse.js");
  window.states = [];
  window.stream = follow("/my-pages/stream", {
    onEvent: () => undefined,
    onState: (state) => states.push(state),
  });
}"""
AUTH = 'const { accessToken, renewed } = await import("/js/auth.js");'
RENEW = f"async () => {{ {AUTH} return (await renewed(await accessToken())) !== null; }}"
RENEW_LATER = f"async () => {{ {AUTH} accessToken().then(renewed); }}"


async def signed_in(visit: Visit, sub: str) -> Visitor:
    ana = await visit()
    await ana.sign_in(sub)
    await ana.go("orders")
    return ana


async def test_a_tab_hidden_and_shown_while_its_token_is_renewed_is_live_again(
    visit: Visit,
) -> None:
    ana = await signed_in(visit, "ana-looks-away")
    await ana.go("")
    await ana.page.clock.install()
    await ana.page.clock.set_system_time("2100-01-01")

    async with held_back(ana, TOKEN):
        async with ana.page.expect_request(TOKEN):
            await ana.page.evaluate(FOLLOW)
        await ana.page.evaluate("stream.pause()")
        await ana.page.evaluate("stream.resume()")

    states = await wait_until(
        lambda: ana.page.evaluate("states"), what="the stream", holds=lambda states: states
    )
    assert states == ["live"]
    await ana.page.evaluate("stream.stop()")


async def test_a_renewal_without_an_id_token_leaves_people_who_they_are(visit: Visit) -> None:
    ana = await signed_in(visit, "ana-stays-ana")

    async def leave_it_out(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        assert told.pop("id_token")
        await route.fulfill(response=answer, json=told)

    await ana.page.route(TOKEN, leave_it_out, times=1)

    assert await ana.page.evaluate(RENEW)
    await ana.is_in("ana-stays-ana")
    await expect(ana.page.locator("h1")).to_have_text("My orders")


async def test_a_renewal_whose_answer_got_lost_brings_nobody_out(visit: Visit) -> None:
    ana = await signed_in(visit, "ana-on-the-train")
    ana.watch.expect("net::ERR_CONNECTION_RESET POST /token", "400 POST /token")

    async def drop_the_answer(route: Route) -> None:
        assert (await route.fetch()).ok
        await route.abort("connectionreset")

    await ana.page.route(TOKEN, drop_the_answer, times=1)
    assert await ana.page.evaluate(RENEW)

    async with ana.page.expect_event("domcontentloaded"):
        await ana.page.evaluate(RENEW_LATER)
    await ana.page.wait_for_url(f"{ana.door}/*")
    await ana.is_in("ana-on-the-train")
    await expect(ana.page.locator("h1")).to_have_text("My orders")


async def test_a_link_that_looks_like_an_answer_of_the_sign_in_is_none(visit: Visit) -> None:
    ana = await signed_in(visit, "ana-clicks")

    await ana.page.goto(f"{ana.door}/?error=access_denied&state=x#/orders")

    await ana.is_in("ana-clicks")
    await expect(ana.page.locator("h1")).to_have_text("My orders")
    assert ana.page.url == f"{ana.door}/#/orders"
