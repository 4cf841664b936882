"""Somebody without a mouse: Tab and Enter are enough, and one always sees where one is."""

from playwright.async_api import Locator, expect

from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.e2e.cafe import Cafe

pytestmark = IN_CHROMIUM

MOST_TABS = 60
IS_HERE = "element => element === document.activeElement"
OUTLINE = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
}"""


async def tab_to(visitor: Visitor, target: Locator) -> None:
    """Press Tab until the target has the focus; each stop must be outlined."""
    await expect(target).to_be_visible()
    for _ in range(MOST_TABS):
        await visitor.page.keyboard.press("Tab")
        if await visitor.page.evaluate("document.activeElement !== document.body"):
            assert await visitor.page.evaluate(OUTLINE) >= 1
        if await target.evaluate(IS_HERE):
            return
    raise AssertionError(f"{target} is not reached by {MOST_TABS} tabs")


async def press(visitor: Visitor, target: Locator) -> None:
    """Tab to something and press Enter on it."""
    await tab_to(visitor, target)
    await visitor.page.keyboard.press("Enter")


def link(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("link", name=name)


async def sign_in(visitor: Visitor, persona: str) -> None:
    await visitor.open()
    await press(visitor, visitor.button("Sign in"))
    await press(visitor, visitor.button(persona))
    await visitor.is_in(persona.partition(",")[0])


async def test_a_drink_is_ordered_accepted_and_cancelled_by_keyboard(visit: Visit) -> None:
    ana, ben = await visit(), await visit()
    await sign_in(ana, "ana, customer")
    await sign_in(ben, "ben, barista of gangnam")

    await press(ana, link(ana, "Cafe Gangnam"))
    await press(ana, ana.button("More Americano"))
    await press(ana, link(ana, "To the basket"))
    await press(ana, ana.button("Order now"))
    order_id = await ana.following()
    await ana.sees("Paid")
    await press(ben, ben.card(order_id).get_by_role("button", name="Accept"))

    await ana.sees("Accepted")
    await press(ana, ana.button("Cancel the order"))
    await press(ana, ana.button("Yes, cancel it"))
    await ana.sees("Cancelled")
    await expect(ben.card(order_id)).to_have_count(0)


async def test_a_question_is_left_with_escape_and_the_focus_is_where_it_was(
    visit: Visit, cafe: Cafe
) -> None:
    ana = await visit()
    await ana.sign_in("ana-doubts")
    order_id = await ana.order()
    await ana.sees("Paid")
    cancel = ana.button("Cancel the order")

    await press(ana, cancel)
    await expect(ana.page.get_by_role("dialog", name="Cancel this order?")).to_be_visible()
    await ana.page.keyboard.press("Escape")

    await expect(ana.page.get_by_role("dialog")).to_have_count(0)
    await expect(cancel).to_be_focused()
    await ana.sees("Paid")
    await cafe.barista().serve(order_id, "reject")
    await ana.sees("Rejected")


async def test_the_first_tab_skips_to_the_page_and_a_new_view_takes_the_focus(visit: Visit) -> None:
    somebody = await visit()
    await somebody.open()

    await somebody.page.keyboard.press("Tab")
    await expect(link(somebody, "Skip to the page")).to_be_focused()
    await somebody.page.keyboard.press("Enter")
    await expect(somebody.page.get_by_role("main")).to_be_focused()
    await press(somebody, link(somebody, "Cafe Gangnam"))

    heading = somebody.page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Cafe Gangnam")
    await expect(heading).to_be_focused()
    await expect(somebody.page).to_have_title("Cafe Gangnam · Cafe")
