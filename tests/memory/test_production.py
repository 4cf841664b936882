"""ENVIRONMENT=production and the sandbox's identity provider: the services want none of it."""

import functools

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from cafe_kit import asgi
from cafe_kit.memory_sidecar import MemoryDapr
from cafe_kit.sidecar import Reply
from tests.memory.cafe import AUDIENCE, ISSUER, START, signer, token
from tests.memory.node import SERVICES, Clock
from tests.waiting import wait_until

REAL_ISSUER = "https://identity.example.com"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "APP_API_TOKEN": "shown-to-the-app",
    "DAPR_API_TOKEN": "shown-to-the-sidecar",
    "TOKEN_ISSUER": REAL_ISSUER,
    "TOKEN_AUDIENCE": AUDIENCE,
    "APP_PORT": "1",
    "STATE_STORE": "store",
    "PUBSUB": "pubsub",
}
SIDECAR = {"dapr-api-token": "shown-to-the-app"}

every_service = pytest.mark.parametrize("app_id", SERVICES)


@pytest.fixture
def dapr() -> MemoryDapr:
    """Sidecars that lead to the sandbox's identity provider."""
    dapr = MemoryDapr(clock=Clock(START))
    dapr.apps["identity-provider"] = signer()
    return dapr


def service(dapr: MemoryDapr, app_id: str, **env: str) -> FastAPI:
    sidecar = dapr.sidecar(app_id)
    return SERVICES[app_id](PRODUCTION | {"APP_ID": app_id} | env, sidecar, dapr.clock)


@every_service
def test_the_sandbox_s_issuer_ends_the_start(dapr: MemoryDapr, app_id: str) -> None:
    with pytest.raises(ValidationError, match="TOKEN_ISSUER is a sandbox's"):
        service(dapr, app_id, TOKEN_ISSUER=ISSUER)

    assert service(dapr, app_id, TOKEN_ISSUER=ISSUER, ENVIRONMENT="development")


@every_service
async def test_the_sandbox_s_keys_sign_for_nobody(dapr: MemoryDapr, app_id: str) -> None:
    headers = {"authorization": f"Bearer {token('olga', 'operator', iss=REAL_ISSUER)}"}
    in_production = service(dapr, app_id)
    elsewhere = service(dapr, app_id, ENVIRONMENT="development")

    refused = await asgi.call(in_production, "GET", "/ops/sidecar", headers=headers)
    allowed = await asgi.call(elsewhere, "GET", "/ops/sidecar", headers=headers)

    assert (refused.status, allowed.status) == (401, 200)
    assert b"this is production" in refused.body


@every_service
async def test_with_the_sandbox_s_keys_a_service_does_not_become_ready(
    dapr: MemoryDapr, app_id: str
) -> None:
    app = service(dapr, app_id)

    async def call(method: str, target: str, body: bytes, headers: object) -> Reply:
        del body, headers
        return await asgi.call(app, method, target, headers=SIDECAR)

    await dapr.join(app_id, call)

    async with app.router.lifespan_context(app):
        await wait_until(
            functools.partial(asgi.call, app, "GET", "/readyz"),
            lambda reply: b"an identity provider that is no sandbox" in reply.body,
            what="the reason",
        )
