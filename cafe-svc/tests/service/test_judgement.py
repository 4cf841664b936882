"""The cafe decides: what it cancels, what it rejects, what it gives up on, and what it makes."""

import asyncio
from collections.abc import Callable

import pytest

from cafe_kit.outcomes import Done
from tests.memory.cafe import MemoryCafe
from tests.memory.faults import at_once, twice
from tests.memory.journeys import PICKUP, Between, command
from tests.memory.parts import (
    cancel,
    data_of,
    only,
    placed,
    read,
    refunds,
    said,
    served,
    statuses,
)

MADE = ("accept", "start", "finish")


@pytest.mark.parametrize(("steps", "stage"), [((), "queued"), (("accept",), "accepted")])
async def test_an_order_nobody_makes_yet_is_cancelled(
    cafe: MemoryCafe, steps: tuple[str, ...], stage: str
) -> None:
    order_id = await served(cafe, *steps)
    version = (await read(cafe, "cafe-orders", order_id))["version"]

    await cancel(cafe, order_id)
    await cafe.settle()

    assert data_of(cafe, order_id, "CafeOrderCancelled") == {
        "order_id": order_id,
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "version": version + 1,
        "status": "CANCELLED",
        "occurred_at": "2026-03-02T09:00:00Z",
        "stage": stage,
    }
    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")


@pytest.mark.parametrize("steps", [MADE[:2], MADE])
async def test_an_order_that_is_being_made_is_not_cancelled(
    cafe: MemoryCafe, steps: tuple[str, ...]
) -> None:
    order_id = await served(cafe, *steps)
    before = await read(cafe, "cafe-orders", order_id)

    await cancel(cafe, order_id)
    await cafe.settle()

    assert data_of(cafe, order_id, "OrderCancelRefused")["cafe_status"] == before["status"]
    assert await read(cafe, "cafe-orders", order_id) == before | {"version": before["version"] + 1}
    assert (await read(cafe, "payments", order_id))["status"] == "PAID"


async def test_a_cancellation_that_overtakes_the_payment_leaves_a_tombstone(
    cafe: MemoryCafe,
) -> None:
    order_id = await placed(cafe)
    await cancel(cafe, order_id)
    await only(cafe, "cafe-svc", "OrderCancelRequested")
    tombstone = await read(cafe, "cafe-orders", order_id)
    await only(cafe, "payment-svc", "OrderPlaced")

    assert await only(cafe, "cafe-svc", "Paid") == [Done()]
    await cafe.settle()

    assert (tombstone["status"], tombstone["items"], tombstone["queued_at"]) == (
        "CANCELLED",
        [],
        None,
    )
    assert data_of(cafe, order_id, "CafeOrderCancelled")["stage"] == "before_payment"
    assert await read(cafe, "cafe-orders", order_id) == tombstone
    assert said(cafe, order_id, "OrderQueued") == []
    assert refunds(cafe, order_id) == [10_000]


async def test_one_of_a_cancellation_and_a_start_at_the_same_time_wins(cafe: MemoryCafe) -> None:
    order_id = await served(cafe, "accept")
    await cancel(cafe, order_id)

    start, _ = await asyncio.gather(command(cafe, PICKUP, order_id, "start"), cafe.settle())
    await cafe.settle()

    made = start.status == 200
    ends = ("ACCEPTED", "PAID", "MAKING") if made else ("CANCELLED", "REFUNDED", "CANCELLED")
    assert await statuses(cafe, order_id) == ends


@pytest.mark.parametrize("disorder", [twice, at_once])
async def test_a_cancellation_asked_for_twice_is_answered_with_one_event(
    cafe: MemoryCafe, disorder: Callable[[MemoryCafe], Between]
) -> None:
    order_id = await served(cafe)
    await cancel(cafe, order_id)

    await disorder(cafe)()

    assert data_of(cafe, order_id, "CafeOrderCancelled")["version"] == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, {"reason": "other", "detail": None}),
        ({"reason": "sold_out"}, {"reason": "sold_out", "detail": None}),
        (
            {"reason": "too_busy", "detail": "x" * 200},
            {"reason": "too_busy", "detail": "x" * 200},
        ),
    ],
)
@pytest.mark.parametrize("steps", [(), ("accept",)])
async def test_a_barista_may_reject_what_is_not_being_made(
    cafe: MemoryCafe,
    steps: tuple[str, ...],
    body: dict[str, str] | None,
    told: dict[str, str | None],
) -> None:
    order_id = await served(cafe, *steps)
    path = f"/cafe-orders/{order_id}/reject"

    first = await cafe.barista().post(path, body)
    again = await cafe.barista().post(path, body)
    await cafe.settle()

    event = data_of(cafe, order_id, "OrderRejected")
    assert (first.status, first.body["status"]) == (200, "REJECTED")
    assert {name: first.body[name] for name in told} == told
    assert (again.status, again.body) == (200, first.body)
    assert {name: event[name] for name in told} == told
    assert await statuses(cafe, order_id) == ("REJECTED", "REFUNDED", "REJECTED")


@pytest.mark.parametrize("body", [{"reason": "rude"}, {"detail": "x" * 201}, {"why": "other"}])
async def test_a_rejection_of_the_wrong_shape_is_422(
    cafe: MemoryCafe, body: dict[str, str]
) -> None:
    order_id = await served(cafe)

    answer = await cafe.barista().post(f"/cafe-orders/{order_id}/reject", body)

    assert answer.status == 422
    assert (await read(cafe, "cafe-orders", order_id))["status"] == "QUEUED"


async def test_what_is_being_made_cannot_be_rejected_and_another_cafes_order_never(
    cafe: MemoryCafe,
) -> None:
    order_id = await served(cafe, "accept", "start")

    late = await command(cafe, PICKUP, order_id, "reject")
    others = await cafe.barista("jamsil").post(f"/cafe-orders/{order_id}/reject")

    assert (late.status, late.body["current_status"]) == (409, "MAKING")
    assert late.body["detail"] == "Not now: it is too late for this step."
    assert others.status == 403
