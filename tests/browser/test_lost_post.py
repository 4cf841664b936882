"""The answer to an order gets lost: the same order is sent again, and there is one."""

from playwright.async_api import Request, Route, expect

from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.e2e.cafe import Cafe

pytestmark = IN_CHROMIUM

ORDERS = "**/orders"
UNAVAILABLE = '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"Away."}'


async def at_the_basket(visit: Visit, sub: str) -> tuple[Visitor, list[Request]]:
    """Return somebody who is about to order, and the requests they will have made."""
    ana = await visit()
    await ana.sign_in(sub)
    await ana.fill_basket()
    return ana, ana.requests("POST", "/orders")


async def is_one_order(ana: Visitor, cafe: Cafe, sub: str, posts: list[Request]) -> None:
    """Find one order of this customer, sent with one key, and call it off."""
    order_id = await ana.following()
    await ana.sees("Paid")
    listed = (await cafe.as_(sub, "customer").get("mypage-svc", "/my-pages")).json()["items"]
    assert [each["order_id"] for each in listed] == [order_id]
    assert len({post.headers["idempotency-key"] for post in posts}) == 1
    assert len({post.post_data for post in posts}) == 1
    await ana.cancel()
    await ana.sees("Cancelled")


async def test_a_dropped_answer_is_asked_for_again_with_the_same_key(
    visit: Visit, cafe: Cafe
) -> None:
    ana, posts = await at_the_basket(visit, "ana-unlucky")
    ana.watch.expect("net::ERR_CONNECTION_RESET POST /orders")

    async def drop_the_answer(route: Route) -> None:
        placed = await route.fetch()
        assert placed.status == 201
        await route.abort("connectionreset")

    await ana.page.route(ORDERS, drop_the_answer, times=1)
    await ana.press("Order now")

    await is_one_order(ana, cafe, "ana-unlucky", posts)
    assert len(posts) == 2


async def test_a_503_is_tried_again_with_the_same_key(visit: Visit, cafe: Cafe) -> None:
    ana, posts = await at_the_basket(visit, "ana-patient")
    ana.watch.expect("503 POST /orders")

    async def refuse(route: Route) -> None:
        kind = "application/problem+json"
        await route.fulfill(status=503, content_type=kind, body=UNAVAILABLE)

    await ana.page.route(ORDERS, refuse, times=1)
    await ana.press("Order now")

    await is_one_order(ana, cafe, "ana-patient", posts)
    assert len(posts) == 2


async def test_two_taps_are_one_order(visit: Visit, cafe: Cafe) -> None:
    ana, posts = await at_the_basket(visit, "ana-hurried")

    await ana.button("Order now").dblclick()

    await is_one_order(ana, cafe, "ana-hurried", posts)
    assert len(posts) == 1


async def test_a_reload_in_between_offers_the_same_order_again(visit: Visit, cafe: Cafe) -> None:
    ana, posts = await at_the_basket(visit, "ana-reloading")
    ana.watch.expect("net::ERR_CONNECTION_RESET POST /orders")

    async def drop_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    await ana.page.route(ORDERS, drop_the_answer, times=1)
    async with ana.page.expect_event("requestfailed"):
        await ana.press("Order now")
    await ana.page.reload()

    await ana.is_in("ana-reloading")
    await expect(ana.page.get_by_role("main")).to_contain_text("whether your last order arrived")
    await ana.press("Send it again")
    await is_one_order(ana, cafe, "ana-reloading", posts)
    assert len(posts) == 2
