"""What the kit reads off a real sidecar that has our files: its components, and its breakers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from cafe_kit.dapr_sidecar import DaprSidecar
from cafe_kit.sidecar_facts import Breaker
from tests.components.recording_app import Call
from tests.components.resources import of_kind, trip_count
from tests.components.runtime import Runtime, Sidecar
from tests.waiting import wait_until

pytestmark = pytest.mark.real
BREAKERS = of_kind("Resiliency")["cafe"]["spec"]["policies"]["circuitBreakers"]
TARGET = "app_payment-gateway"


async def fail(_: Call) -> web.Response:
    return web.json_response(None, status=503)


@asynccontextmanager
async def client_of(sidecar: Sidecar) -> AsyncGenerator[DaprSidecar]:
    """What a service has of its sidecar."""
    port, metrics = sidecar.http.base_url.port, urlsplit(sidecar.metrics_url).port
    assert port
    assert metrics
    client = DaprSidecar(
        port=port, store="payment-store", pubsub="cafe-pubsub", metrics_port=metrics
    )
    yield client
    await client.close()


async def state_of_gateway(client: DaprSidecar) -> str:
    return {each.target: each.state for each in await client.breakers()}.get(TARGET, "")


async def test_our_components_are_named_with_type_version_and_capabilities(
    runtime: Runtime,
) -> None:
    payment = await runtime.sidecar("payment-svc")

    async with client_of(payment) as client:
        metadata = await client.metadata()

    found = {each.name: each for each in metadata.components}
    assert metadata.app_id == "payment-svc"
    assert metadata.runtime_version
    assert found["payment-store"].type == "state.sqlite"
    assert "ETAG" in found["payment-store"].capabilities
    assert found["cafe-pubsub"].type == "pubsub.redis"
    assert "order-store" not in found, "another's"


async def test_a_breaker_shows_open_once_it_has_refused_and_closed_once_all_is_well(
    runtime: Runtime,
) -> None:
    payment = await runtime.sidecar("payment-svc")

    async def charge() -> int:
        headers = {"dapr-app-id": "payment-gateway"}
        return (await payment.http.post("/v1/charges", json={}, headers=headers)).status_code

    async with client_of(payment) as client:
        assert await client.breakers() == ()
        assert await charge() == 200
        assert await client.breakers() == (Breaker(TARGET, "closed"),)

        well, runtime.gateway.answer = runtime.gateway.answer, fail
        for _ in range(trip_count(BREAKERS["gateway"])):
            await charge()
        assert await state_of_gateway(client) == "closed", "one call behind, as daprd counts"
        await charge()
        assert await state_of_gateway(client) == "open"

        runtime.gateway.answer = well
        await wait_until(charge, lambda status: status == 200, what="the breaker to let through")
        await charge()
        assert await state_of_gateway(client) == "closed"
