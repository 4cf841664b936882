"""The way to the cafe breaks while somebody follows an order, and comes back."""

from collections.abc import Sequence

from playwright.async_api import expect

from tests.browser.breaks import CUT, away
from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.e2e.cafe import Cafe, Person
from tools.stack import Stack

pytestmark = IN_CHROMIUM


async def followed(visit: Visit, cafe: Cafe, sub: str) -> tuple[Visitor, Person, str]:
    """Return a customer who follows an order live, and a barista without a browser."""
    ana = await visit()
    await ana.sign_in(sub)
    order_id = await ana.order()
    await ana.sees("Paid")
    await expect(ana.page.get_by_test_id("live")).to_have_text("Live")
    await ana.remember_document()
    ana.watch.expect(*CUT)
    return ana, cafe.barista(), order_id


async def has_it_all(ana: Visitor, *moments: str) -> None:
    """Read these in the timeline, live again and in the same document."""
    await expect(ana.page.get_by_test_id("live")).to_have_text("Live")
    timeline = ana.page.locator(".timeline li span:first-child")
    await expect(timeline).to_have_text(moments)
    assert await ana.same_document()


async def test_the_gateway_goes_and_comes_back_and_nothing_is_missed(
    visit: Visit, cafe: Cafe, stack: Stack
) -> None:
    ana, ben, order_id = await followed(visit, cafe, "ana-follows")

    async with away(stack, "gateway"):
        await expect(
            ana.page.get_by_text("No connection. What you see was true at")
        ).to_be_visible()
        await expect(ana.page.get_by_test_id("live")).to_contain_text("Not live: as it was at")
        await ana.sees("Paid")
        await ben.serve(order_id, "accept", "start")

    await ana.sees("Making")
    await expect(ana.page.get_by_text("No connection.")).to_have_count(0)
    await has_it_all(ana, *MADE)
    await ben.serve(order_id, "finish", "hand-over")
    await ana.sees("Completed")


async def test_what_shows_pages_goes_and_comes_back_and_nothing_is_missed(
    visit: Visit, cafe: Cafe, stack: Stack
) -> None:
    ana, ben, order_id = await followed(visit, cafe, "ana-stays")

    # Together, as a pod goes: a sidecar that stays keeps an event for the app that went.
    async with away(stack, "mypage-svc", "mypage-svc.daprd"):
        await expect(ana.page.get_by_test_id("live")).to_contain_text("Not live: as it was at")
        await ana.sees("Paid")
        await ben.serve(order_id, "accept", "start")

    await ana.sees("Making")
    await has_it_all(ana, *MADE)
    await ben.serve(order_id, "finish", "hand-over")
    await ana.sees("Completed")


async def test_a_reload_comes_back_to_the_same_page_signed_in(visit: Visit, cafe: Cafe) -> None:
    ana, ben, order_id = await followed(visit, cafe, "ana-reloads")

    await ana.page.reload()

    await ana.is_in("ana-reloads")
    await ana.sees("Paid")
    assert ana.page.url.endswith(f"/#/orders/{order_id}")
    assert not await ana.same_document()
    await ben.serve(order_id, "accept", "start", "finish", "hand-over")
    await ana.sees("Completed")


async def test_whoever_signs_out_is_out_after_a_reload_too(visit: Visit) -> None:
    ana = await visit()
    await ana.sign_in("ana-leaves")

    async with ana.page.expect_navigation(url=f"{ana.door}/"):
        await ana.press("Sign out")
    await expect(ana.button("Sign in")).to_be_visible()
    await ana.page.reload()

    await expect(ana.button("Sign in")).to_be_visible()
    await ana.press("Sign in")
    await expect(ana.button("ana, customer")).to_be_visible()
    await ana.press("ana, customer")
    await ana.is_in("ana")


MADE: Sequence[str] = (
    "Order placed",
    "Paid",
    "In the queue of the cafe",
    "Accepted by the cafe",
    "Being made",
)
