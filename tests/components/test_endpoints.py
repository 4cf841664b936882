"""Calls to other systems through a sidecar: what passes, how long they take, when they stop."""

import asyncio
import time

import httpx
import pytest
from aiohttp import web

from tests.components.recording_app import Answer, Call
from tests.components.resources import of_kind, seconds, trip_count
from tests.components.runtime import Runtime, Sidecar
from tests.waiting import wait_until

pytestmark = pytest.mark.real
POLICIES = of_kind("Resiliency")["cafe"]["spec"]["policies"]
GATEWAY_S = seconds(POLICIES["timeouts"]["gateway"])
FAILURES = trip_count(POLICIES["circuitBreakers"]["gateway"])


def answering(status: int, body: object = None) -> Answer:
    async def answer(_call: Call) -> web.Response:
        return web.json_response(body, status=status)

    return answer


async def too_slow(_call: Call) -> web.Response:
    return await asyncio.get_running_loop().create_future()


async def charge(sidecar: Sidecar) -> httpx.Response:
    headers = {
        "dapr-app-id": "payment-gateway",
        "Idempotency-Key": "charge:1",
        "Authorization": "Bearer secret",
    }
    return await sidecar.http.post("/v1/charges?dry=1", json={"amount": 9000}, headers=headers)


async def test_a_charge_reaches_the_gateway_as_it_was_sent(runtime: Runtime) -> None:
    payment = await runtime.sidecar("payment-svc")
    runtime.gateway.answer = answering(201, {"charge_id": "c1"})

    reply = await charge(payment)

    [call] = runtime.gateway.calls
    assert (reply.status_code, reply.json()) == (201, {"charge_id": "c1"})
    assert (call.path, call.body) == ("/v1/charges?dry=1", {"amount": 9000})
    assert call.headers["idempotency-key"] == "charge:1"
    assert call.headers["authorization"] == "Bearer secret"
    assert "dapr-app-id" not in call.headers


async def test_only_payment_svc_reaches_the_gateway(runtime: Runtime) -> None:
    order = await runtime.sidecar("order-svc")

    reply = await charge(order)

    assert reply.status_code == 500
    assert "ERR_DIRECT_INVOKE" in reply.text
    assert not runtime.gateway.calls


async def test_a_gateway_that_is_away_is_reported_at_once(runtime: Runtime) -> None:
    payment = await runtime.sidecar("payment-svc")
    await runtime.gateway.stop()

    reply = await charge(payment)

    assert reply.status_code == 500
    assert "connection refused" in reply.text
    assert reply.elapsed.total_seconds() < 0.5


async def test_a_gateway_that_does_not_answer_is_given_up_when_its_policy_says(
    runtime: Runtime,
) -> None:
    payment = await runtime.sidecar("payment-svc")
    runtime.gateway.answer = too_slow

    reply = await charge(payment)

    assert reply.status_code == 500
    assert "context deadline exceeded" in reply.text
    assert reply.elapsed.total_seconds() == pytest.approx(GATEWAY_S, abs=0.4)
    assert len(runtime.gateway.calls) == 1


async def test_the_breaker_spares_a_failing_gateway_for_five_seconds(runtime: Runtime) -> None:
    payment = await runtime.sidecar("payment-svc")
    runtime.gateway.answer = answering(503)
    for _ in range(FAILURES):
        assert (await charge(payment)).status_code == 503
    opened_s = time.monotonic()

    refused = await charge(payment)
    assert refused.status_code == 500
    assert "circuit breaker is open" in refused.text
    assert len(runtime.gateway.calls) == FAILURES

    runtime.gateway.answer = answering(201)
    await wait_until(
        lambda: charge(payment), lambda reply: reply.status_code == 201, what="closed breaker"
    )
    assert runtime.gateway.calls[FAILURES].at_s - opened_s == pytest.approx(5.0, abs=0.5)


async def test_declined_cards_in_a_row_count_as_a_failing_gateway(runtime: Runtime) -> None:
    payment = await runtime.sidecar("payment-svc")
    runtime.gateway.answer = answering(402, {"reason": "declined"})

    statuses = [(await charge(payment)).status_code for _ in range(FAILURES + 1)]

    assert statuses == [402] * FAILURES + [500]


async def test_reading_the_signing_keys_survives_one_failure(runtime: Runtime) -> None:
    order = await runtime.sidecar("order-svc")

    async def fail_once(call: Call) -> web.Response:
        return await answering(503 if len(runtime.identity.calls) == 1 else 200)(call)

    runtime.identity.answer = fail_once
    reply = await order.http.get(
        "/.well-known/jwks.json", headers={"dapr-app-id": "identity-provider"}
    )

    assert reply.status_code == 200
    assert len(runtime.identity.calls) == 2


async def test_a_menu_that_does_not_come_is_given_up_before_the_customer_is(
    runtime: Runtime,
) -> None:
    """The sidecar calls its own app: the policy is the one of order-svc, without mDNS between."""
    cafe = await runtime.sidecar("cafe-svc")
    cafe.app.answer = too_slow

    replies = [
        await cafe.http.get("/menus?cafe_id=jamsil", headers={"dapr-app-id": "cafe-svc"})
        for _ in range(3)
    ]

    assert replies[0].elapsed.total_seconds() == pytest.approx(2 * 0.61 + 0.1, abs=0.4)
    assert "circuit breaker is open" in replies[2].text
    assert len(cafe.app.calls) == 3
