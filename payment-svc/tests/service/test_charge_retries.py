"""An unknown outcome of a charge is never guessed: a reminder asks until it is known."""

import pytest

from cafe_kit.memory_sidecar import Call
from cafe_kit.outcomes import Done, Retry
from cafe_kit.sidecar import Unavailable
from tests.memory.cafe import Fault, MemoryCafe
from tests.memory.parts import gateway, placed
from tests.memory.stubs import answering

LONGEST_WAIT_S = 20.0
"""Longer than the longest pause between two attempts to charge."""


def away(verb: str) -> Fault:
    """Return the fault that keeps payment-svc from one verb."""

    def refuse(app_id: str, called: str, phase: str, _: str) -> None:
        if (app_id, called, phase) == ("payment-svc", verb, "before"):
            raise Unavailable(f"{verb}: away")

    return refuse


async def status(cafe: MemoryCafe, order_id: str) -> str:
    return (await cafe.customer("ana").get(f"/payments/{order_id}")).body["status"]


@pytest.mark.parametrize(
    ("mode", "charged_at_once"),
    [
        ("down", []),
        ("throttle", []),
        ("charge_then_500", [10_000]),
        ("charge_then_timeout", [10_000]),
    ],
)
async def test_an_unknown_outcome_is_asked_again_and_charged_once(
    cafe: MemoryCafe, mode: str, charged_at_once: list[int]
) -> None:
    order_id = await placed(cafe)
    await gateway(cafe, mode)

    (first,) = await cafe.deliver("payment-svc")
    unknown = (await status(cafe, order_id), cafe.charges(order_id))
    await cafe.advance(20)
    await gateway(cafe, "normal")
    await cafe.advance(LONGEST_WAIT_S)

    assert first == Done()
    assert unknown == ("PENDING", charged_at_once)
    assert await status(cafe, order_id) == "PAID"
    assert cafe.charges(order_id) == [10_000]


async def test_while_a_reminder_asks_a_repeated_order_does_not(cafe: MemoryCafe) -> None:
    await placed(cafe)
    again = cafe.dapr.pending[0]
    await gateway(cafe, "down")
    await cafe.deliver("payment-svc")
    calls = cafe.nodes["payment-svc"].calls["invoke"]

    outcome = await cafe.dapr.deliver(again)

    assert outcome == Done()
    assert cafe.nodes["payment-svc"].calls["invoke"] == calls
    assert len(cafe.dapr.jobs.of("payment-svc")) == 1


async def test_with_the_gateway_and_the_scheduler_away_the_broker_asks_again(
    cafe: MemoryCafe,
) -> None:
    order_id = await placed(cafe)
    await gateway(cafe, "down")
    cafe.fault = away("schedule")

    (first,) = await cafe.deliver("payment-svc")
    cafe.fault = None
    await gateway(cafe, "normal")
    second = await cafe.deliver("payment-svc")

    assert isinstance(first, Retry)
    assert (second, await status(cafe, order_id)) == ([Done()], "PAID")


async def test_a_charge_that_was_said_by_nobody_is_said_by_its_reminder(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    await gateway(cafe, "down")
    await cafe.deliver("payment-svc")
    await gateway(cafe, "normal")
    cafe.fault = away("publish")

    await cafe.advance(LONGEST_WAIT_S)
    unsaid = [event["type"] for event in cafe.events(order_id)]
    cafe.fault = None
    await cafe.advance(LONGEST_WAIT_S)

    assert unsaid == ["cafe.OrderPlaced.v1"]
    assert [event["type"] for event in cafe.events(order_id)][1] == "cafe.Paid.v1"
    assert cafe.charges(order_id) == [10_000]


@pytest.mark.parametrize("method", ["tok_500_after_charge", "tok_timeout_after_charge"])
async def test_a_lost_answer_costs_the_customer_nothing(cafe: MemoryCafe, method: str) -> None:
    order_id = await placed(cafe, method)

    assert await cafe.deliver("payment-svc") == [Done()]
    await cafe.advance(LONGEST_WAIT_S)

    assert await status(cafe, order_id) == "PAID"
    assert cafe.charges(order_id) == [10_000]


@pytest.mark.parametrize(
    "stand_in",
    [
        None,
        answering(201, b"{}"),
        answering(201, b"not json"),
        answering(402, b"{}"),
        answering(409, b"{}"),
        answering(400, b"{}"),
    ],
)
async def test_an_answer_that_cannot_be_understood_is_no_answer(
    cafe: MemoryCafe, stand_in: Call | None
) -> None:
    order_id = await placed(cafe)
    real = cafe.dapr.apps.pop("payment-gateway")
    if stand_in is not None:
        cafe.dapr.apps["payment-gateway"] = stand_in

    (first,) = await cafe.deliver("payment-svc")
    unknown = await status(cafe, order_id)
    cafe.dapr.apps["payment-gateway"] = real
    await cafe.advance(LONGEST_WAIT_S)

    assert (first, unknown) == (Done(), "PENDING")
    assert await status(cafe, order_id) == "PAID"


async def test_a_refund_that_never_began_is_begun_when_the_charge_is_looked_at(
    cafe: MemoryCafe,
) -> None:
    """REFUNDING is saved, then all goes wrong, and the event that asked for it is lost."""
    order_id = await placed(cafe)
    await gateway(cafe, "charge_then_500")
    await cafe.deliver("payment-svc")
    await gateway(cafe, "normal")
    cafe.tell("CafeOrderCancelled", order_id, stage="queued")
    cafe.fault = with_a_bug_in("schedule")

    await cafe.deliver("payment-svc")
    left = await status(cafe, order_id)
    cafe.dapr.pending.clear()
    cafe.fault = None
    await cafe.advance(LONGEST_WAIT_S)

    assert left == "REFUNDING"
    assert await status(cafe, order_id) == "REFUNDED"
    moves = cafe.gateway_ledger.movements(order_id, 0, 10)
    assert [move.kind for move in moves] == ["charge", "refund"]


def with_a_bug_in(verb: str) -> Fault:
    """Return the fault that fails payment-svc in one verb as no sidecar does."""

    def fail(app_id: str, called: str, phase: str, _: str) -> None:
        if (app_id, called, phase) == ("payment-svc", verb, "before"):
            raise RuntimeError("bug")

    return fail
