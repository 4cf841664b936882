"""One charge per order, whatever the gateway answers and however often it is asked."""

from collections.abc import Mapping

import pytest

from cafe_kit.memory_sidecar import Call
from cafe_kit.outcomes import Done, Drop, Retry
from cafe_kit.sidecar import Reply, Unavailable
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


async def test_a_charged_order_is_paid_and_reads_back(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    cafe.clock.advance(3)

    assert await cafe.deliver("payment-svc") == [Done()]

    answer = await cafe.customer("ana").get(f"/payments/{order_id}")
    (charge,) = cafe.gateway_ledger.movements(order_id, 0, 10)
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')
    assert answer.body == {
        "order_id": order_id,
        "payment_id": f"pay-{order_id}",
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "status": "PAID",
        "amount": {"amount": 10_000, "currency": "KRW"},
        "approval_code": "000001",
        "reason": None,
        "refund_id": None,
        "refunding_since": None,
        "attempts": 0,
        "last_error": None,
        "ledger": [
            {
                "entry_id": f"charge:{order_id}",
                "kind": "charge",
                "amount": 10_000,
                "at": "2026-03-02T09:00:03Z",
                "gateway_ref": charge.id,
            }
        ],
        "version": 2,
    }


async def test_paid_carries_all_the_cafe_needs(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)

    await cafe.deliver("payment-svc")

    first, said = cafe.events(order_id)
    assert (said["type"], said["source"]) == ("cafe.Paid.v1", "payment-svc")
    assert (said["correlationid"], said["causationid"]) == (order_id, first["id"])
    assert said["data"] == {
        "order_id": order_id,
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "version": 2,
        "status": "PAID",
        "occurred_at": "2026-03-02T09:00:00Z",
        "payment_id": f"pay-{order_id}",
        "amount": {"amount": 10_000, "currency": "KRW"},
        "approval_code": "000001",
        "items": first["data"]["items"],
        "fulfilment": {"method": "pickup", "address": None},
        "note": None,
    }


@pytest.mark.parametrize(
    ("payment_method", "reason"),
    [("tok_declined", "declined"), ("tok_nobody_knows", "invalid_method")],
)
async def test_a_refused_card_fails_the_payment(
    cafe: MemoryCafe, payment_method: str, reason: str
) -> None:
    order_id = await placed(cafe, payment_method)

    assert await cafe.deliver("payment-svc") == [Done()]

    payment = (await cafe.customer("ana").get(f"/payments/{order_id}")).body
    assert (payment["status"], payment["reason"], payment["ledger"]) == ("FAILED", reason, [])
    assert cafe.events(order_id)[-1]["type"] == "cafe.PaymentFailed.v1"
    assert cafe.events(order_id)[-1]["data"]["reason"] == reason
    assert cafe.charges(order_id) == []


async def test_a_reason_nobody_knows_is_an_error(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    cafe.dapr.apps["payment-gateway"] = answering(402, b'{"reason": "new in this release"}')

    assert await cafe.deliver("payment-svc") == [Done()]

    payment = (await cafe.customer("ana").get(f"/payments/{order_id}")).body
    assert (payment["status"], payment["reason"]) == ("FAILED", "error")


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


async def test_the_intent_is_stored_before_the_gateway_is_asked(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    real = cafe.dapr.apps["payment-gateway"]
    seen: list[tuple[str, str]] = []

    async def watching(method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        stored = cafe.document("payment-svc", f"payment:{order_id}")["state"]["status"]
        seen.append((stored, headers["idempotency-key"]))
        return await real(method, target, body, headers)

    cafe.dapr.apps["payment-gateway"] = watching
    await cafe.deliver("payment-svc")

    assert seen == [("PENDING", f"charge:{order_id}")]


@pytest.mark.parametrize("payment_method", ["tok_ok", "tok_declined"])
async def test_a_repeated_order_says_the_same_again_and_changes_nothing(
    cafe: MemoryCafe, payment_method: str
) -> None:
    order_id = await placed(cafe, payment_method)
    again = cafe.dapr.pending[0]
    await cafe.deliver("payment-svc")
    stored, said = cafe.document("payment-svc", f"payment:{order_id}"), cafe.events(order_id)

    outcome = await cafe.dapr.deliver(again)

    assert outcome == Done()
    assert cafe.document("payment-svc", f"payment:{order_id}") == stored
    assert cafe.events(order_id) == [*said, said[-1]]


async def test_a_payment_is_for_its_customer_and_operators(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    await cafe.deliver("payment-svc")
    path = f"/payments/{order_id}"

    assert (await cafe.customer("ana").get(path)).status == 200
    assert (await cafe.operator().get(path)).status == 200
    assert (await cafe.customer("bob").get(path)).status == 404
    assert (await cafe.operator().get("/payments/a||b")).status == 404


async def test_an_event_of_another_shape_is_dropped(cafe: MemoryCafe) -> None:
    cafe.tell("OrderPlaced", "o-1", total="much")

    (outcome,) = await cafe.deliver("payment-svc")

    assert isinstance(outcome, Drop)
    assert [letter.topic for letter in cafe.dapr.dead] == ["cafe.OrderPlaced.v1"]
    assert not cafe.nodes["payment-svc"].documents


async def test_a_settled_payment_says_its_end_again_without_asking_the_gateway(
    cafe: MemoryCafe,
) -> None:
    order_id = await placed(cafe)
    (placing,) = [d for d in cafe.dapr.pending if d.app_id == "payment-svc"]
    await cafe.dapr.deliver(placing)
    await gateway(cafe, "down")

    assert await cafe.dapr.deliver(placing) == Done()

    said = [event for event in cafe.events(order_id) if event["type"] == "cafe.Paid.v1"]
    assert len(said) == 2
    assert len({event["id"] for event in said}) == 1
