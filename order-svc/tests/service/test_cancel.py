"""`POST /orders/{order_id}/cancel`: asked once, judged by the cafe, whatever fails on the way."""

import asyncio
from collections.abc import Callable

import pytest

from tests.memory.cafe import MemoryCafe
from tests.memory.faults import FaultAt, at_once, scrambled, told, twice
from tests.memory.journeys import CANCELLED, Between, play
from tests.memory.node import Crash
from tests.memory.parts import (
    Away,
    cancel,
    data_of,
    placed,
    read,
    refunds,
    said,
    served,
    statuses,
)

ASKED = "OrderCancelRequested"


async def test_a_cancellation_is_asked_for_and_then_granted(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    before = await read(cafe, "orders", order_id)

    asked = await cancel(cafe, order_id)
    await cafe.settle()
    granted = await cancel(cafe, order_id)

    why = {"reason": "customer", "requested_by": "customer"}
    assert (asked.status, asked.body) == (
        202,
        before | why | {"status": "CANCELLING", "version": 2},
    )
    assert granted.status == 200
    assert (granted.body["status"], granted.body["reason"]) == ("CANCELLED", "customer")
    assert data_of(cafe, order_id, ASKED) == {
        "order_id": order_id,
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "version": 2,
        "status": "CANCELLING",
        "occurred_at": "2026-03-02T09:00:00Z",
        **why,
    }
    assert data_of(cafe, order_id, "OrderCancelled")["reason"] == "customer"
    assert cafe.charges(order_id) == refunds(cafe, order_id)


async def test_asking_again_while_the_cafe_decides_is_one_request(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)

    answers = [await cancel(cafe, order_id) for _ in range(3)]
    at_the_same_time = await asyncio.gather(*(cancel(cafe, order_id) for _ in range(5)))

    found = {(a.status, a.body["version"]) for a in (*answers, *at_the_same_time)}
    assert found == {(202, 2)}
    assert data_of(cafe, order_id, ASKED)["version"] == 2


async def test_an_operator_may_cancel_any_order_and_is_named(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)

    answer = await cafe.operator().post(f"/orders/{order_id}/cancel")

    assert (answer.status, answer.body["requested_by"]) == (202, "operator")
    assert data_of(cafe, order_id, ASKED)["requested_by"] == "operator"


async def test_nobody_else_may_cancel_it_or_learn_that_it_exists(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)

    bobs = await cafe.customer("bob").post(f"/orders/{order_id}/cancel")
    baristas = await cafe.barista().post(f"/orders/{order_id}/cancel")
    unknown = await cafe.operator().post("/orders/unknown/cancel")

    assert (bobs.status, baristas.status, unknown.status) == (404, 403, 404)
    assert bobs.body == unknown.body | {"detail": bobs.body["detail"]}
    assert (await read(cafe, "orders", order_id))["status"] == "PLACED"


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (("accept", "start", "finish", "hand-over"), "COMPLETED"),
        (("reject",), "REJECTED"),
        (("accept", "start", "finish", "uncollected"), "UNCOLLECTED"),
    ],
)
async def test_an_order_that_has_ended_cannot_be_cancelled(
    cafe: MemoryCafe, steps: tuple[str, ...], status: str
) -> None:
    order_id = await served(cafe, *steps)

    answer = await cancel(cafe, order_id)

    assert (answer.status, answer.headers["content-type"]) == (409, "application/problem+json")
    assert answer.body["current_status"] == status
    assert answer.body["detail"] == "Not now: the order has ended."
    assert said(cafe, order_id, ASKED) == []


async def test_a_refused_cancellation_leaves_the_order_as_it_was_and_is_not_asked_for_anew(
    cafe: MemoryCafe,
) -> None:
    order_id = await served(cafe, "accept", "start")
    before = await read(cafe, "orders", order_id)

    first = await cancel(cafe, order_id)
    await cafe.settle()
    refused = await read(cafe, "orders", order_id)
    second = await cancel(cafe, order_id)
    await cafe.settle()

    assert (first.status, second.status) == (202, 409)
    assert second.body["detail"] == "Not now: the cafe is making the order."
    assert refused == before | {"version": before["version"] + 2}
    assert data_of(cafe, order_id, ASKED)["version"] == before["version"] + 1
    assert await statuses(cafe, order_id) == ("ACCEPTED", "PAID", "MAKING")


@pytest.mark.parametrize("disorder", [twice, at_once])
async def test_events_may_come_twice(
    cafe: MemoryCafe, disorder: Callable[[MemoryCafe], Between]
) -> None:
    order_id = await placed(cafe)
    await cancel(cafe, order_id)

    await disorder(cafe)()

    order, payment, at_cafe = await statuses(cafe, order_id)
    assert (order, at_cafe) == ("CANCELLED", "CANCELLED")
    assert payment in {"REFUNDED", "VOIDED"}
    assert cafe.charges(order_id) == refunds(cafe, order_id)


async def test_a_cancellation_may_overtake_everything_and_be_overtaken_by_it(
    cafe: MemoryCafe,
) -> None:
    for seed in range(15):
        with told(seed=seed):
            cafe.dapr.dice.seed(seed)
            order_id = await placed(cafe, key=str(seed))
            await cancel(cafe, order_id)

            while cafe.dapr.pending:
                await scrambled(cafe)()

            assert (await statuses(cafe, order_id))[0] == "CANCELLED"
            assert cafe.charges(order_id) == refunds(cafe, order_id)
            assert not cafe.dapr.dead


@pytest.mark.parametrize(
    ("verbs", "status"),
    [
        (("get", "save"), 503),
        (("save",), 503),
        (("schedule",), 202),
        (("publish",), 202),
        (("schedule", "publish"), 503),
    ],
    ids=["store", "save", "scheduler", "broker", "scheduler and broker"],
)
async def test_a_request_is_granted_or_may_be_sent_again_when_the_sidecar_is_away(
    cafe: MemoryCafe, verbs: tuple[str, ...], status: int
) -> None:
    order_id = await placed(cafe)
    await cafe.settle()
    cafe.fault = away = Away("order-svc", *verbs)

    first = await cancel(cafe, order_id)
    away.over = True
    again = await cancel(cafe, order_id)
    await cafe.advance(120)

    assert (first.status, again.status) == (status, 202)
    assert data_of(cafe, order_id, ASKED)["version"] == 3
    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")


@pytest.mark.parametrize("verb", ["schedule", "save", "publish"])
@pytest.mark.parametrize("phase", ["before", "after"])
async def test_what_was_stored_is_said_although_the_process_ends(
    cafe: MemoryCafe, verb: str, phase: str
) -> None:
    order_id = await placed(cafe)
    await cafe.settle()
    cafe.fault = FaultAt(1, phase, Crash, frozenset({verb}), "order-svc")

    lost = await cancel(cafe, order_id)
    await cafe.heal()
    await cafe.advance(30)
    stored = (verb, phase) in {("save", "after"), ("publish", "before"), ("publish", "after")}

    assert lost.status == 502
    ends = ("CANCELLED", "REFUNDED", "CANCELLED") if stored else ("PAID", "PAID", "QUEUED")
    assert await statuses(cafe, order_id) == ends


async def test_a_lost_answer_of_the_cafe_is_asked_for_again_every_ten_seconds(
    cafe: MemoryCafe,
) -> None:
    order_id = await served(cafe)
    cafe.nodes["cafe-svc"].crash()
    await cancel(cafe, order_id)

    await cafe.advance(25)
    asked = len(said(cafe, order_id, ASKED))
    await cafe.heal()
    await cafe.settle()

    assert asked == 3
    assert await statuses(cafe, order_id) == ("CANCELLED", "REFUNDED", "CANCELLED")


async def test_after_a_cancellation_nothing_is_looked_at_for_ever(cafe: MemoryCafe) -> None:
    order_id = await play(cafe, CANCELLED)

    await cafe.advance(3600)
    quiet = len(cafe.events(order_id))
    await cafe.advance(24 * 3600)

    assert len(cafe.events(order_id)) == quiet
    assert cafe.dapr.jobs.next_due() is None
