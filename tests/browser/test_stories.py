"""An order as all of its people see it at once, each in their own browser, nobody reloading."""

import asyncio

from playwright.async_api import expect

from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit

pytestmark = IN_CHROMIUM


async def test_a_drink_is_ordered_made_and_handed_over_while_three_look_on(visit: Visit) -> None:
    ana, ben, olga = [await visit() for _ in range(3)]
    await asyncio.gather(
        ana.pick("ana, customer"), ben.pick("ben, barista of gangnam"), olga.pick("olga, operator")
    )
    for each in (ana, ben, olga):
        await each.remember_document()

    order_id = await ana.order()

    await ana.sees("Paid")
    await expect(ana.page.get_by_text("Place in the queue")).to_be_visible()
    await expect(olga.card(order_id)).to_contain_text("Paid")
    for step, status in (("Accept", "Accepted"), ("Start making", "Making"), ("Finish", "Ready")):
        await ben.do(order_id, step)
        await ana.sees(status)
    await ben.do(order_id, "Hand over")
    await ana.sees("Completed")
    await expect(ana.page.get_by_role("listitem").filter(has_text="Picked up")).to_be_visible()
    await expect(ben.card(order_id)).to_have_count(0)
    await expect(olga.card(order_id)).to_have_count(0)
    assert [await each.same_document() for each in (ana, ben, olga)] == [True] * 3


async def test_a_drink_is_brought_to_the_door(visit: Visit) -> None:
    ana, ben, rio = [await visit() for _ in range(3)]
    await asyncio.gather(
        ana.sign_in("ana-at-home"),
        ben.pick("ben, barista of gangnam"),
        rio.pick("rio, rider"),
    )
    for each in (ana, ben, rio):
        await each.remember_document()

    order_id = await ana.order(address="1 Garden Street")
    for step in ("Accept", "Start making", "Finish"):
        await ben.do(order_id, step)

    await expect(rio.card(order_id)).to_contain_text("1 Garden Street")
    await rio.do(order_id, "Take it")
    await expect(ana.page.get_by_text("On its way to you", exact=True)).to_be_visible()
    await rio.do(order_id, "Delivered")
    await ana.sees("Completed")
    await expect(ana.page.get_by_role("listitem").filter(has_text="Delivered")).to_be_visible()
    await expect(rio.card(order_id)).to_have_count(0)
    await expect(ben.card(order_id)).to_have_count(0)
    assert [await each.same_document() for each in (ana, ben, rio)] == [True] * 3


async def test_a_rejected_order_says_that_the_money_is_back(visit: Visit) -> None:
    ana, ben = [await visit() for _ in range(2)]
    await asyncio.gather(ana.sign_in("ana-refunded"), ben.pick("ben, barista of gangnam"))
    order_id = await ana.order()
    await ana.sees("Paid")

    await ben.do(order_id, "Reject")
    await ben.page.get_by_label("Reason").select_option("too_busy")
    await ben.page.get_by_role("dialog").get_by_role("button", name="Reject").click()

    await ana.sees("Rejected")
    await expect(ana.page.get_by_test_id("refund")).to_contain_text("₩4,500 is back with you")
    await expect(ben.card(order_id)).to_have_count(0)
