"""Steps that tests of one service take together with the others."""

import json
from typing import Any

from cafe_kit.outcomes import Outcome
from cafe_kit.sidecar import Unavailable
from tests.memory.cafe import Answer, MemoryCafe
from tests.memory.journeys import PICKUP, command


async def placed(cafe: MemoryCafe, payment_method: str = "tok_ok", key: str = "1") -> str:
    """Place ana's order of 10,000 KRW at gangnam; nothing is delivered."""
    body = PICKUP.body | {"payment_method": payment_method}
    answer = await cafe.customer("ana").post("/orders", body, idempotency_key=key)
    assert answer.status == 201, answer
    return answer.body["order_id"]


async def served(cafe: MemoryCafe, *names: str) -> str:
    """Place and pay ana's order and take these steps; everything is delivered."""
    order_id = await placed(cafe)
    await cafe.settle()
    for name in names:
        answer = await command(cafe, PICKUP, order_id, name)
        assert answer.status in {200, 202}, (name, answer)
        await cafe.settle()
    return order_id


async def cancel(cafe: MemoryCafe, order_id: str) -> Answer:
    """Have ana ask for the cancellation."""
    return await command(cafe, PICKUP, order_id, "cancel")


async def only(cafe: MemoryCafe, app_id: str, event: str) -> list[Outcome]:
    """Deliver what is pending of one event for one service, nothing else."""
    topic = f"cafe.{event}.v1"
    found = [d for d in cafe.dapr.pending if (d.app_id, d.topic) == (app_id, topic)]
    for delivery in found:
        cafe.dapr.pending.remove(delivery)
    return [await cafe.dapr.deliver(delivery) for delivery in found]


async def undone(cafe: MemoryCafe) -> str:
    """Place, pay and cancel ana's order; payment-svc has not heard of the cancellation yet."""
    order_id = await served(cafe)
    await cancel(cafe, order_id)
    await only(cafe, "cafe-svc", "OrderCancelRequested")
    return order_id


async def gateway(cafe: MemoryCafe, mode: str, delay_ms: int | None = None) -> None:
    """Have the sandbox gateway behave well or badly from now on."""
    body = json.dumps({"mode": mode, "delay_ms": delay_ms}).encode()
    headers = {"content-type": "application/json"}
    reply = await cafe.dapr.apps["payment-gateway"]("PUT", "/v1/behaviour", body, headers)
    assert reply.status == 200


async def read(cafe: MemoryCafe, what: str, order_id: str) -> dict[str, Any]:
    """Return the body of an order, its payment ("payments") or its order at the cafe."""
    return (await cafe.operator().get(f"/{what}/{order_id}")).body


async def statuses(cafe: MemoryCafe, order_id: str) -> tuple[str, str, str]:
    """Return the statuses of the order, of its payment and of its order at the cafe."""
    order, payment, cafe_order = [
        (await read(cafe, what, order_id))["status"]
        for what in ("orders", "payments", "cafe-orders")
    ]
    return order, payment, cafe_order


def said(cafe: MemoryCafe, order_id: str, event: str) -> list[dict[str, Any]]:
    """Return the published events of one kind of an order, repetitions too."""
    return [each for each in cafe.events(order_id) if each["type"] == f"cafe.{event}.v1"]


def data_of(cafe: MemoryCafe, order_id: str, event: str) -> dict[str, Any]:
    """Return the data of an event that was published under one id, however often."""
    found = said(cafe, order_id, event)
    assert len({each["id"] for each in found}) == 1, found
    return found[0]["data"]


def refunds(cafe: MemoryCafe, order_id: str) -> list[int]:
    """Return the amounts the payment gateway has given back, in won."""
    moves = cafe.gateway_ledger.movements(order_id, 0, 100)
    return [move.amount for move in moves if move.kind == "refund"]


class Away:
    """A fault: the named verbs of one service's sidecar fail until `over`."""

    def __init__(self, app_id: str, *verbs: str) -> None:
        self.over = False
        self._app_id = app_id
        self._verbs = verbs

    def __call__(self, app_id: str, verb: str, phase: str, _: str) -> None:
        if not self.over and app_id == self._app_id and phase == "before" and verb in self._verbs:
            raise Unavailable(f"{verb}: away")
