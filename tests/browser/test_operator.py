"""What an operator presses: letters, refunds, and lists that stay true while they look."""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest_asyncio
import valkey.asyncio
from playwright.async_api import Route, expect

from tests.browser.chromium import IN_CHROMIUM
from tests.browser.conftest import Visit
from tests.browser.people import Visitor
from tests.e2e.cafe import Cafe
from tests.e2e.test_dead_letters import ORDERS, envelope, letter_of, say
from tools.stack import Stack

pytestmark = IN_CHROMIUM

OLGA = "olga, operator"
LISTED = "/ops/mypage-svc/orders?limit=50"
POLL_MS = 5000


@pytest_asyncio.fixture(loop_scope="session")
async def streams(stack: Stack) -> AsyncGenerator[Any]:
    client = cast("Any", valkey.asyncio.Valkey(port=stack.topology.ports["valkey"]))
    yield client
    await client.aclose()


async def open_letter(olga: Visitor, subject: str) -> None:
    """Find the letter about an order in the list and open it."""
    await olga.go("ops/letters")
    letters = olga.page.get_by_role("region", name="order-svc")
    letter = letters.get_by_role("listitem").filter(has_text=subject)
    await letter.get_by_role("link").click()
    await expect(olga.page.get_by_role("heading", name="Dead letter of order-svc")).to_be_visible()
    await olga.settled()


async def test_a_letter_that_came_too_early_is_replayed_until_it_works(
    visit: Visit, cafe: Cafe, streams: Any
) -> None:
    olga, ana, key = await visit(), cafe.customer(), str(uuid.uuid4())
    olga.watch.expect("409 POST /ops/order-svc/dead-letters/*/replay")
    order_id = str(uuid.uuid5(ORDERS, f"{ana.sub}\n{key}"))
    early = envelope("cafe.OrderAccepted.v1", order_id, ana.sub)
    await say(streams, "cafe.OrderAccepted.v1", early)
    await asyncio.gather(
        olga.pick(OLGA), letter_of(cafe.operator(), "order-svc", event_id=early["id"])
    )
    await open_letter(olga, order_id)

    await olga.press("Replay")
    await expect(olga.page.get_by_role("alert")).to_contain_text("nobody placed this order")
    assert (await ana.place(key=key)).is_success
    await olga.press("Replay")

    await expect(olga.page.get_by_role("main")).to_contain_text("handled")
    await expect(olga.button("Replay")).to_have_count(0)
    await ana.order_once(order_id, "ACCEPTED")


async def test_a_letter_that_nobody_can_handle_is_discarded_for_a_reason(
    visit: Visit, cafe: Cafe, streams: Any
) -> None:
    olga, topic, order_id = await visit(), "cafe.PaymentFailed.v1", str(uuid.uuid4())
    await say(streams, topic, envelope(topic, order_id, type="cafe.PaymentFailed.v9"))
    await asyncio.gather(olga.pick(OLGA), letter_of(cafe.operator(), "order-svc", subject=order_id))
    await olga.go("ops/letters")

    letters = olga.page.get_by_role("region", name="order-svc")
    await letters.get_by_role("button", name=f"Replay all of {topic}").click()
    said = olga.page.get_by_test_id("announcement")
    await expect(said).to_have_text("Replayed: 0. In vain: 1.")
    await open_letter(olga, order_id)
    await expect(olga.button("Discard")).to_be_disabled()
    await olga.page.get_by_label("Why it is to have no effect").fill("nobody says this")
    await olga.press("Discard")

    await expect(said).to_have_text("The letter was discarded")
    await expect(olga.page.get_by_role("main")).to_contain_text("nobody says this")
    await olga.go("ops/letters")
    await expect(letters.get_by_role("listitem").filter(has_text=order_id)).to_have_count(0)


async def test_a_refund_that_waits_is_tried_at_once(visit: Visit, cafe: Cafe) -> None:
    olga, ana = await visit(), cafe.customer()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    await asyncio.gather(olga.pick(OLGA), cafe.gateway("down"))
    try:
        assert (await ana.cancel(order_id)).is_success
        await ana.page_once(order_id, "Cancelled", refund="In progress")
        await olga.go("ops/refunds")

        async with olga.page.expect_response(f"**/payments/{order_id}/retry-refund") as tried:
            await olga.do(order_id, f"Try the refund of {order_id[-4:].upper()} now")

        assert (await tried.value).ok
        await expect(olga.page.get_by_test_id("announcement")).to_contain_text("is tried again")
    finally:
        await cafe.gateway("normal")
        await cafe.operator().post("payment-svc", f"/payments/{order_id}/retry-refund")
    await ana.page_once(order_id, "Cancelled", refund="Refunded")
    await expect(olga.card(order_id)).to_have_count(0)


def row(order_id: str, status: str) -> dict[str, Any]:
    """Return an order as the operator's list has it."""
    said = {"delivery_status": "None", "refund_status": "None", "order_status": status}
    who = {"customer_id": "ana", "cafe_id": "gangnam", "placed_at": None}
    seen = {"age_s": 5, "quiet_s": 5, "stuck": False}
    return {"order_id": order_id, **said, **who, **seen} | dict.fromkeys(
        ("order", "payment", "cafe_order")
    )


async def test_what_more_has_brought_is_as_fresh_as_the_rest(visit: Visit) -> None:
    olga = await visit()
    await olga.pick(OLGA)
    pages = {"": (row("first", "Paid"), "further"), "further": (row("second", "Paid"), None)}

    async def answer(route: Route) -> None:
        [cursor] = parse_qs(urlsplit(route.request.url).query).get("cursor", [""])
        item, after = pages[cursor]
        await route.fulfill(json={"items": [item], "next": after})

    await olga.page.clock.install()
    await olga.page.route(f"{olga.door}{LISTED}*", answer)
    await olga.page.reload()
    await olga.is_in("olga")
    await olga.press("Show more")
    await expect(olga.card("second")).to_contain_text("Paid")
    pages["further"] = (row("second", "Accepted"), None)
    await olga.page.clock.run_for(POLL_MS)
    await expect(olga.card("second")).to_contain_text("Accepted")

    pages[""] = (row("first", "Paid"), None)
    await olga.page.clock.run_for(POLL_MS)
    await expect(olga.card("second")).to_have_count(0)
    await expect(olga.card("first")).to_be_visible()


async def test_a_slow_answer_is_waited_for(visit: Visit) -> None:
    olga, there = await visit(), asyncio.Event()
    await olga.pick(OLGA)
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        await there.wait()
        await route.fulfill(body=json.dumps({"items": [row("slow", "Paid")], "next": None}))

    await olga.go("ops/letters")
    await olga.page.clock.install()
    await olga.page.route(f"{olga.door}{LISTED}*", answer)
    async with olga.page.expect_request(f"{olga.door}{LISTED}*"):
        await olga.turn_to("ops")
    # Past the next poll, well before the 10 s after which no answer is waited for: that clock runs
    # by itself, too.
    await olga.page.clock.run_for(POLL_MS + 500)
    meanwhile = len(asked)
    there.set()

    await expect(olga.card("slow")).to_be_visible()
    assert meanwhile == 1
