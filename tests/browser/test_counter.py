"""What people press at the counter and at the door, and what the others then read."""

import asyncio

from playwright.async_api import expect

from tests.browser.breaks import CUT, away, held_back
from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.e2e.cafe import Cafe, Person
from tests.waiting import wait_until
from tools.stack import Stack

pytestmark = IN_CHROMIUM

BEN, HANA = "ben, barista of gangnam", "hana, barista of hongdae"
TO_THE_DOOR = {"method": "delivery", "address": "1 Garden Street"}
READY = ("accept", "start", "finish")
COUNT_TONES = """
window.tones = 0;
const start = AudioScheduledSourceNode.prototype.start;
AudioScheduledSourceNode.prototype.start = function (...when) {
  window.tones += 1;
  return start.apply(this, when);
};
"""
TONES = 2
"""Of one ring."""


async def queued(customer: Person, **changes: object) -> str:
    """Order, and wait until the cafe has it."""
    order_id = await customer.ordered(**changes)
    await customer.page_once(order_id, "Paid", last_event="OrderQueued")
    return order_id


async def rings(visitor: Visitor, times: int) -> None:
    """Wait until it has rung so often in all, and no more."""
    tones = await wait_until(
        lambda: visitor.page.evaluate("window.tones"),
        lambda tones: tones >= times * TONES,
        what="the sound",
    )
    assert tones == times * TONES


async def test_a_drink_is_sold_out_for_customers_until_it_is_back(visit: Visit) -> None:
    ana, hana = [await visit() for _ in range(2)]
    await asyncio.gather(hana.pick(HANA), ana.open("cafes/hongdae"))
    await hana.go("counter")
    latte = ana.page.get_by_role("listitem").filter(has=ana.page.get_by_text("Latte", exact=True))
    switch = hana.page.get_by_role("switch", name="Latte: Sold out", exact=True)
    await expect(ana.button("More Latte")).to_be_enabled()

    await switch.click()
    await expect(switch).to_be_checked()
    await ana.open("cafes/hongdae")
    await expect(latte).to_contain_text("Sold out")
    await expect(ana.button("More Latte")).to_have_count(0)

    await switch.click()
    await expect(switch).not_to_be_checked()
    await ana.open("cafes/hongdae")
    await expect(ana.button("More Latte")).to_be_enabled()


async def test_a_closed_cafe_takes_no_orders_until_it_opens(visit: Visit) -> None:
    ana, hana = [await visit() for _ in range(2)]
    await asyncio.gather(hana.pick(HANA), ana.open())
    await hana.go("counter")
    door = hana.page.get_by_role("switch", name="Take orders")
    there = ana.page.get_by_role("link", name="Cafe Hongdae")
    await expect(there).to_contain_text("Open")

    await door.click()
    await expect(door).not_to_be_checked()
    await ana.open()
    await expect(there).to_contain_text("Closed")
    await there.click()
    await expect(ana.page.get_by_text("This cafe is closed now")).to_be_visible()
    await expect(ana.button("More Latte")).to_be_disabled()

    await door.click()
    await expect(door).to_be_checked()
    await ana.open()
    await expect(there).to_contain_text("Open")


async def test_a_new_order_rings_also_one_that_came_while_the_way_was_cut(
    visit: Visit, cafe: Cafe, stack: Stack
) -> None:
    ben, guest, barista = await visit(), cafe.customer(), cafe.barista()
    ben.watch.expect(*CUT)
    await ben.page.add_init_script(COUNT_TONES)
    before = await queued(guest)
    await ben.pick(BEN)
    await expect(ben.card(before)).to_be_visible()
    await ben.press("Sound for new orders")
    await rings(ben, 1)
    await expect(ben.page.get_by_test_id("live")).to_have_text("Live")

    seen = await queued(guest)
    await expect(ben.card(seen)).to_be_visible()
    await ben.do(seen, "Accept")
    await expect(ben.card(seen)).to_contain_text("Start making")
    await rings(ben, 2)
    async with away(stack, "gateway"):
        await expect(ben.page.get_by_test_id("live")).to_contain_text("Not live")
        unseen = await queued(guest)

    await expect(ben.card(unseen)).to_be_visible()
    await rings(ben, 3)
    for order_id in (before, seen, unseen):
        await barista.serve(order_id, "reject")


async def test_a_customer_reads_why_there_is_no_coffee_in_the_words_of_the_cafe(
    visit: Visit, cafe: Cafe
) -> None:
    ana, ben = [await visit() for _ in range(2)]
    order_id = await queued(cafe.as_("ana-curious", "customer"))
    await asyncio.gather(ana.sign_in("ana-curious"), ben.pick(BEN))
    await ana.go(f"orders/{order_id}")

    await ben.do(order_id, "Reject")
    await ben.page.get_by_label("Reason").select_option("too_busy")
    await ben.page.get_by_label("Words for the customer").fill("A wedding is here.")
    await ben.page.get_by_role("dialog").get_by_role("button", name="Reject").click()

    await ana.sees("Rejected")
    await expect(ana.page.get_by_text("it has too much to do")).to_be_visible()
    await expect(ana.page.locator("q")).to_have_text("A wedding is here.")


async def test_only_who_means_it_calls_an_order_not_collected(visit: Visit, cafe: Cafe) -> None:
    ben, guest = await visit(), cafe.customer()
    order_id = await queued(guest)
    await cafe.barista().serve(order_id, *READY)
    await ben.pick(BEN)

    await ben.do(order_id, "Not collected")
    await ben.press("Back")
    await expect(ben.page.get_by_role("dialog")).to_have_count(0)
    await expect(ben.card(order_id)).to_be_visible()
    assert (await guest.cafe_order_once(order_id, "READY"))["order_id"] == order_id

    await ben.do(order_id, "Not collected")
    await ben.press("Yes, nobody came")
    await expect(ben.card(order_id)).to_have_count(0)
    await guest.page_once(order_id, "Uncollected")


async def test_the_rider_who_comes_second_reads_so(visit: Visit, cafe: Cafe) -> None:
    rio, rita = [await visit() for _ in range(2)]
    rio.watch.expect("409 POST /cafe-orders/*/start-delivery")
    order_id = await queued(cafe.customer(), fulfilment=TO_THE_DOOR)
    await cafe.barista().serve(order_id, *READY)
    await asyncio.gather(rio.pick("rio, rider"), rita.sign_in("rita", "rider"))

    async with held_back(rio, "**/start-delivery"):
        await rio.do(order_id, "Take it")
        await rita.do(order_id, "Take it")
        await expect(rita.card(order_id)).to_contain_text("Delivered")

    alert = rio.page.get_by_role("alert")
    await expect(alert).to_contain_text("Not possible any more. It is now: on its way.")
    await expect(rio.card(order_id)).to_have_count(0)
    await rita.do(order_id, "Delivered")
    await expect(rita.card(order_id)).to_have_count(0)
