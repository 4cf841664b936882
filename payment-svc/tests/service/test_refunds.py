"""The compensation of a charge: once, whatever the gateway says and whatever fails on the way."""

from collections.abc import Callable, Mapping

import pytest

from cafe_kit.outcomes import Done
from cafe_kit.sidecar import Reply
from tests.memory.cafe import MemoryCafe
from tests.memory.faults import at_once, twice
from tests.memory.journeys import Between
from tests.memory.parts import (
    cancel,
    data_of,
    gateway,
    only,
    placed,
    read,
    refunds,
    said,
    served,
    statuses,
    undone,
)


@pytest.mark.parametrize(
    ("step", "reason", "status"),
    [("cancel", "cancelled", "CANCELLED"), ("reject", "rejected", "REJECTED")],
)
async def test_what_was_charged_goes_back_and_reads_back(
    cafe: MemoryCafe, step: str, reason: str, status: str
) -> None:
    order_id = await served(cafe)
    before = await read(cafe, "payments", order_id)
    cafe.clock.advance(5)

    if step == "cancel":
        await cancel(cafe, order_id)
    else:
        await cafe.barista().post(f"/cafe-orders/{order_id}/reject")
    await cafe.settle()

    charge, refund = cafe.gateway_ledger.movements(order_id, 0, 10)
    entry = {
        "entry_id": f"refund:{order_id}",
        "kind": "refund",
        "amount": 10_000,
        "at": "2026-03-02T09:00:05Z",
        "gateway_ref": refund.id,
    }
    assert charge.amount == refund.amount == 10_000
    assert await read(cafe, "payments", order_id) == before | {
        "status": "REFUNDED",
        "reason": reason,
        "refund_id": refund.id,
        "refunding_since": "2026-03-02T09:00:05Z",
        "ledger": [*before["ledger"], entry],
        "version": 4,
    }
    assert data_of(cafe, order_id, "PaymentRefunded") == {
        "order_id": order_id,
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "version": 4,
        "status": "REFUNDED",
        "occurred_at": "2026-03-02T09:00:05Z",
        "amount": {"amount": 10_000, "currency": "KRW"},
        "refund_id": refund.id,
        "reason": reason,
    }
    assert (await statuses(cafe, order_id))[2] == status


async def test_an_order_undone_before_its_payment_began_is_never_charged(cafe: MemoryCafe) -> None:
    order_id = await placed(cafe)
    await cancel(cafe, order_id)
    await only(cafe, "cafe-svc", "OrderCancelRequested")
    await only(cafe, "payment-svc", "CafeOrderCancelled")
    tombstone = await read(cafe, "payments", order_id)

    await cafe.settle()

    assert (tombstone["status"], tombstone["amount"], tombstone["ledger"]) == ("VOIDED", None, [])
    assert data_of(cafe, order_id, "PaymentCancelled")["reason"] == "cancelled"
    assert await read(cafe, "payments", order_id) == tombstone
    assert cafe.gateway_ledger.movements(order_id, 0, 10) == []
    assert said(cafe, order_id, "Paid") == []


@pytest.mark.parametrize(
    ("mode", "status", "moved"),
    [("down", "VOIDED", []), ("charge_then_500", "REFUNDED", ["charge", "refund"])],
)
async def test_a_charge_whose_outcome_nobody_knows_is_voided_or_given_back(
    cafe: MemoryCafe, mode: str, status: str, moved: list[str]
) -> None:
    order_id = await placed(cafe)
    await gateway(cafe, mode)
    await only(cafe, "payment-svc", "OrderPlaced")
    unknown = await read(cafe, "payments", order_id)
    await gateway(cafe, "normal")
    await cancel(cafe, order_id)

    await only(cafe, "cafe-svc", "OrderCancelRequested")
    await only(cafe, "payment-svc", "CafeOrderCancelled")
    await cafe.settle()

    payment = await read(cafe, "payments", order_id)
    assert (unknown["status"], unknown["attempts"]) == ("PENDING", 1)
    assert payment["status"] == status
    assert [entry["kind"] for entry in payment["ledger"]] == moved
    assert [m.kind for m in cafe.gateway_ledger.movements(order_id, 0, 10)] == moved
    assert said(cafe, order_id, "Paid") == []


@pytest.mark.parametrize("disorder", [twice, at_once])
async def test_undone_twice_is_refunded_once(
    cafe: MemoryCafe, disorder: Callable[[MemoryCafe], Between]
) -> None:
    order_id = await undone(cafe)

    await disorder(cafe)()
    cafe.tell("OrderRejected", order_id)
    await cafe.settle()

    assert refunds(cafe, order_id) == [10_000]
    assert data_of(cafe, order_id, "PaymentRefunded")["version"] == 4
    assert (await read(cafe, "payments", order_id))["reason"] == "cancelled"


async def test_a_charge_that_comes_after_the_gateway_had_said_nothing_was_is_given_back(
    cafe: MemoryCafe,
) -> None:
    order_id = await placed(cafe)
    keys: list[str] = []

    async def confused(_: str, path: str, __: bytes, headers: Mapping[str, str]) -> Reply:
        if path == "/v1/charges":
            await cancel(cafe, order_id)
            await only(cafe, "cafe-svc", "OrderCancelRequested")
            await only(cafe, "payment-svc", "CafeOrderCancelled")
            return Reply(201, b'{"charge_id": "ch_1", "approval_code": "000001"}')
        keys.append(headers["idempotency-key"])
        amount = 0 if len(keys) == 1 else 10_000
        return Reply(201, b'{"refund_id": "re_1", "amount": %d}' % amount)

    cafe.dapr.apps["payment-gateway"] = confused
    assert await only(cafe, "payment-svc", "OrderPlaced") == [Done()]

    payment = await read(cafe, "payments", order_id)
    assert keys == [f"refund:{order_id}", f"refund:{order_id}:late"]
    assert (payment["status"], payment["approval_code"]) == ("REFUNDED", "000001")
    assert [entry["amount"] for entry in payment["ledger"]] == [10_000, 10_000]
    assert data_of(cafe, order_id, "PaymentCancelled")["version"] < payment["version"]
    assert data_of(cafe, order_id, "PaymentRefunded")["version"] == payment["version"]
    assert said(cafe, order_id, "Paid") == []
