"""One charge per order, whatever the gateway answers and however often it is asked."""

from collections.abc import Mapping

import pytest

from cafe_kit.outcomes import Done, Drop
from cafe_kit.sidecar import Reply
from tests.memory.cafe import MemoryCafe
from tests.memory.parts import gateway, placed
from tests.memory.stubs import answering


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
