"""A busy hour at the cafe, played without browsers: something to see on every page."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.e2e.cafe import POLL_S, Cafe, Person
from tests.waiting import wait_until
from tools.stack import Stack

PAID: Final = "cafe.Paid.v1"
TO_THE_DOOR: Final = {"method": "delivery", "address": "1 Garden Street, Apt. 4"}
STEPS: Final = ("accept", "start", "finish")


@dataclass(frozen=True)
class Scene:
    """Ana's order that is being made, one whose refund is under way, and a dead letter's id."""

    making: str
    refunding: str
    letter: str


@asynccontextmanager
async def busy_hour(cafe: Cafe, stack: Stack) -> AsyncGenerator[Scene]:
    """Play it; while it lasts the payment gateway is away, and one refund under way."""
    making, refunding, letter, *_ = await asyncio.gather(
        _being_made(cafe), _queued(cafe), _dead_letter(cafe, stack), *_others(cafe)
    )
    try:
        await _refund_that_lasts(cafe, refunding)
        yield Scene(making, refunding, letter)
    finally:
        await cafe.gateway("normal")
        await cafe.operator().post("payment-svc", f"/payments/{refunding}/retry-refund")
        await _ana(cafe).page_once(refunding, "Cancelled", refund="Refunded")


def _ana(cafe: Cafe) -> Person:
    return cafe.as_("ana", "customer")


def _others(cafe: Cafe) -> list[Any]:
    """Return what else goes on: two drinks that wait, one at each later state."""
    guest = cafe.as_("guest", "customer")
    latte = {"items": [{"menu_id": "latte", "quantity": 2}], "note": "Oat milk, please"}
    brew = {"items": [{"menu_id": "cold-brew", "quantity": 1}], "fulfilment": TO_THE_DOOR}
    return [
        _served(cafe, guest, **latte),
        _served(cafe, guest, "accept"),
        _served(cafe, guest, *STEPS, **latte),
        _served(cafe, _ana(cafe), *STEPS, "hand-over", **latte),
        _served(cafe, guest, *STEPS, **brew),
        _on_its_way(cafe, guest, **brew),
    ]


async def _served(cafe: Cafe, customer: Person, *steps: str, **changes: object) -> str:
    order_id = await customer.ordered(**changes)
    await customer.page_once(order_id, "Paid", last_event="OrderQueued")
    await cafe.as_("ben", "barista", cafe_id="gangnam").serve(order_id, *steps)
    return order_id


async def _on_its_way(cafe: Cafe, customer: Person, **changes: object) -> str:
    order_id = await _served(cafe, customer, *STEPS, **changes)
    await cafe.as_("rio", "rider").serve(order_id, "start-delivery")
    return order_id


async def _being_made(cafe: Cafe) -> str:
    items = [{"menu_id": "vanilla-latte", "quantity": 1}, {"menu_id": "americano", "quantity": 2}]
    return await _served(cafe, _ana(cafe), "accept", "start", items=items, note="No sugar")


async def _queued(cafe: Cafe) -> str:
    return await _served(cafe, _ana(cafe))


async def _refund_that_lasts(cafe: Cafe, order_id: str) -> None:
    await cafe.gateway("down")
    assert (await _ana(cafe).cancel(order_id)).is_success
    await _ana(cafe).page_once(order_id, "Cancelled", refund="In progress")


async def _dead_letter(cafe: Cafe, stack: Stack) -> str:
    """Publish an event of a version that nobody knows; return the id that order-svc keeps it by."""
    order_id, at = str(uuid.uuid4()), "2026-05-04T03:02:01Z"
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "payment-svc",
        "type": "cafe.Paid.v9",
        "subject": order_id,
        "datacontenttype": "application/json",
        "data": {"order_id": order_id, "status": "PAID", "version": 2, "occurred_at": at},
    }
    headers = stack.topology.tokens.headers("payment-svc")
    sidecar = f"http://127.0.0.1:{stack.topology.ports['payment-svc.http']}"
    published = await cafe.http.post(
        f"{sidecar}/v1.0/publish/cafe-pubsub/{PAID}",
        json=event,
        headers={**headers, "content-type": "application/cloudevents+json"},
    )
    published.raise_for_status()
    operator = cafe.operator()

    async def find() -> str | None:
        letters = (await operator.get("order-svc", "/ops/dead-letters")).json()["items"]
        return next((each["id"] for each in letters if each["subject"] == order_id), None)

    letter = await wait_until(find, what="the dead letter", timeout_s=60, every_s=POLL_S)
    assert letter
    return letter
