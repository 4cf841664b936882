"""Who may see what: the page says so in words, and no page of another role asks for anything."""

import pytest
from playwright.async_api import expect

from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.e2e.cafe import Cafe

pytestmark = IN_CHROMIUM

OF_ROLE = {
    "customer": ("orders",),
    "barista": ("board", "counter"),
    "rider": ("deliveries",),
    "operator": ("ops", "ops/refunds", "ops/letters", "ops/sidecars", "boards/gangnam"),
}


@pytest.mark.parametrize("role", OF_ROLE)
async def test_the_pages_of_other_roles_are_closed(visit: Visit, role: str) -> None:
    somebody = await visit()
    await somebody.sign_in(f"{role}-curious", role, "gangnam" if role == "barista" else "")
    others = {view for each, views in OF_ROLE.items() if each != role for view in views}
    if role == "operator":
        others.remove("deliveries")
    if role == "barista":
        others.remove("boards/gangnam")

    for view in sorted(others):
        await somebody.go(view)
        await expect(somebody.page.locator("h1")).to_have_text("Not for you")

    for view in OF_ROLE[role]:
        await somebody.go(view)
        await expect(somebody.page.locator("h1")).not_to_have_text("Not for you")


async def test_a_barista_does_not_get_another_cafes_board(visit: Visit) -> None:
    ben = await visit()
    ben.watch.expect("403 GET /boards/hongdae/stream")
    await ben.sign_in("ben-elsewhere", "barista", "gangnam")

    await ben.go("boards/hongdae")

    refusal = ben.page.get_by_role("alert").filter(has_text="Your role does not allow this.")
    await expect(refusal).to_be_visible()


async def test_a_visitor_sees_menus_and_is_asked_to_sign_in_at_ordering(
    visit: Visit, cafe: Cafe
) -> None:
    somebody = await visit()
    await somebody.open()

    await somebody.fill_basket("Latte")
    await expect(somebody.button("Order now")).to_have_count(0)
    await expect(somebody.page.get_by_text("Sign in to order; your basket stays.")).to_be_visible()
    await somebody.press("Sign in to go on")
    await somebody.press("ana, customer")

    await somebody.is_in("ana")
    await expect(somebody.page.get_by_role("main")).to_contain_text("Latte")
    await somebody.press("Order now")
    order_id = await somebody.following()
    await somebody.sees("Paid")
    await cafe.barista().serve(order_id, "reject")
    await somebody.sees("Rejected")


async def test_pages_that_need_a_person_ask_for_one(visit: Visit) -> None:
    somebody = await visit()

    await somebody.open("orders")

    await expect(somebody.page.get_by_role("main")).to_contain_text("please sign in")
    await somebody.press("Sign in to go on")
    await somebody.press("ana, customer")
    await expect(somebody.page.locator("h1")).to_have_text("My orders")


async def test_a_token_that_is_left_in_a_storage_would_be_found(visit: Visit) -> None:
    ana = await visit()
    async with ana.page.expect_response("**/token") as answer:
        await ana.sign_in("ana-watched")
    token = (await (await answer.value).json())["refresh_token"]
    assert await ana.watch.faults() == []

    await ana.page.evaluate("token => localStorage.setItem('t', token)", token)
    while_there = await ana.watch.faults()
    await ana.page.evaluate("localStorage.clear()")

    assert {fault.partition(":")[0] for fault in while_there} == {
        "a token in a storage",
        "a token in what is left",
    }
    ana.watch.kept.clear()
