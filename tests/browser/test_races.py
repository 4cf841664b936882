"""A customer cancels as the barista starts: one of them has it, and both read so in words."""

import asyncio

from playwright.async_api import expect

from tests.browser.breaks import held_back
from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.e2e.cafe import Cafe
from tests.waiting import wait_until

pytestmark = IN_CHROMIUM


async def accepted(visit: Visit, sub: str) -> tuple[Visitor, Visitor, str]:
    """Return a customer and a barista who both look at an order that was accepted."""
    ana, ben = [await visit() for _ in range(2)]
    await asyncio.gather(ana.sign_in(sub), ben.pick("ben, barista of gangnam"))
    order_id = await ana.order()
    await ben.do(order_id, "Accept")
    await ana.sees("Accepted")
    return ana, ben, order_id


async def test_at_the_same_moment_exactly_one_of_them_has_it(visit: Visit, cafe: Cafe) -> None:
    ana, ben, order_id = await accepted(visit, "ana-racing")
    ben.watch.expect("409 POST /cafe-orders/*/start")
    ana.watch.expect("409 POST /orders/*/cancel")
    await ana.press("Cancel the order")

    await asyncio.gather(ana.press("Yes, cancel it"), ben.do(order_id, "Start making"))

    owner = cafe.as_("ana-racing", "customer")
    decided = await wait_until(
        lambda: owner.get("cafe-svc", f"/cafe-orders/{order_id}"),
        lambda answer: answer.json()["status"] in {"CANCELLED", "MAKING"},
        what="a decision",
    )
    if decided.json()["status"] == "CANCELLED":
        await ana.sees("Cancelled")
        await expect(ana.page.get_by_test_id("refund")).to_contain_text("₩4,500")
        await expect(ben.card(order_id)).to_have_count(0)
    else:
        await ana.sees("Making")
        await expect(ben.card(order_id).get_by_role("button", name="Finish")).to_be_visible()
        await ben.do(order_id, "Finish")
        await ben.do(order_id, "Hand over")
        await ana.sees("Completed")


async def test_a_barista_who_starts_too_late_reads_what_it_is_now(visit: Visit) -> None:
    ana, ben, order_id = await accepted(visit, "ana-first")
    ben.watch.expect("409 POST /cafe-orders/*/start")

    async with held_back(ben, "**/start"):
        await ben.do(order_id, "Start making")
        await ana.cancel()
        await ana.sees("Cancelled")

    misses = ben.page.get_by_test_id("misses")
    await expect(misses).to_contain_text("Not possible any more. It is now: cancelled.")
    await expect(ben.card(order_id)).to_have_count(0)
    await ben.press("Understood")
    await expect(misses).to_have_count(0)
    await expect(ana.page.get_by_test_id("refund")).to_contain_text("₩4,500 is back with you")


async def test_a_customer_who_cancels_too_late_reads_that_it_is_being_made(visit: Visit) -> None:
    ana, ben, order_id = await accepted(visit, "ana-late")
    ana.watch.expect("409 POST /orders/*/cancel")

    async with held_back(ana, "**/cancel"):
        await ana.cancel()
        await ben.do(order_id, "Start making")
        await ana.sees("Making")

    await expect(ana.page.get_by_role("main")).to_contain_text("Too late to cancel")
    await ana.sees("Making")
    await expect(ana.button("Cancel the order")).to_have_count(0)
    for step in ("Finish", "Hand over"):
        await ben.do(order_id, step)
    await ana.sees("Completed")
