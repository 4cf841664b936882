"""The frame of every service: start, probes, stop."""

import asyncio

import httpx
from structlog.testing import capture_logs

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Unavailable
from cafe_kit.sidecar_facts import Subscription
from kit.tests.issuer import Issuer
from kit.tests.lamp import SOURCE, ManualClock
from kit.tests.lamp_service import SETTINGS, call_of, client_of, lamp_app, running
from tests.waiting import wait_until

LETTERS = "cafe.dead-letter.lamp-svc"


async def not_ready(client: httpx.AsyncClient, detail: str) -> None:
    """Wait until `/readyz` answers 503 and gives this reason."""
    reply = await wait_until(
        lambda: client.get("/readyz"),
        lambda reply: reply.json()["detail"] == detail,
        what=f"readyz: {detail}",
    )
    assert reply.status_code == 503
    assert reply.headers["content-type"] == "application/problem+json"


async def ready(client: httpx.AsyncClient) -> None:
    """Wait until `/readyz` answers 200."""
    reply = await wait_until(
        lambda: client.get("/readyz"), lambda reply: reply.status_code == 200, what="ready"
    )
    assert reply.json() == {"status": "ready"}


async def test_before_its_start_an_app_is_alive_and_not_ready(
    sidecar: MemorySidecar, clock: ManualClock
) -> None:
    async with client_of(lamp_app(sidecar, clock)) as client:
        assert (await client.get("/livez")).json() == {"status": "alive"}
        await not_ready(client, "waiting for start")


async def test_an_app_is_ready_when_every_subscription_is_registered(
    sidecar: MemorySidecar, dapr: MemoryDapr, clock: ManualClock
) -> None:
    app = lamp_app(sidecar, clock)

    async with running(app) as client:
        await not_ready(client, f"waiting for subscriptions: {LETTERS}, lamp.Dark.v1, lamp.Lit.v1")

        dapr.heard[SOURCE] = {"lamp.Lit.v1": Subscription("lamp-pubsub", "lamp.Lit.v1", "")}
        await not_ready(client, f"waiting for subscriptions: {LETTERS}, lamp.Dark.v1")

        await dapr.join(SOURCE, call_of(app))
        await ready(client)


async def test_an_app_waits_for_its_sidecar_and_says_so(
    sidecar: MemorySidecar, dapr: MemoryDapr, clock: ManualClock
) -> None:
    app = lamp_app(sidecar, clock)
    await dapr.join(SOURCE, call_of(app))

    def refuse(verb: str, _phase: str, _what: str) -> None:
        raise Unavailable(f"{verb}: connection refused")

    sidecar.hook = refuse
    async with running(app) as client:
        await not_ready(client, "waiting for the sidecar: metadata: connection refused")

        sidecar.hook = None
        await ready(client)


async def test_in_production_an_app_is_not_ready_while_the_provider_is_a_sandbox(
    sidecar: MemorySidecar, dapr: MemoryDapr, clock: ManualClock, issuer: Issuer
) -> None:
    production = SETTINGS.model_copy(update={"environment": "production"})
    app = lamp_app(sidecar, clock, production)
    await dapr.join(SOURCE, call_of(app))
    issuer.rotate("sandbox-1")

    async with running(app) as client:
        await not_ready(client, "waiting for an identity provider that is no sandbox")

        issuer.rotate("key-2")
        await ready(client)


async def test_an_app_is_ready_only_after_its_preparation_which_is_tried_again(
    sidecar: MemorySidecar, dapr: MemoryDapr, clock: ManualClock
) -> None:
    tries = 0

    async def prepare() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Unavailable("the store is away")

    app = lamp_app(sidecar, clock, prepare=prepare)
    await dapr.join(SOURCE, call_of(app))

    async with running(app) as client:
        await not_ready(client, "waiting for the sidecar: the store is away")
        await ready(client)

    assert tries == 3


async def test_a_draining_app_is_not_ready_but_alive(
    sidecar: MemorySidecar, dapr: MemoryDapr, clock: ManualClock
) -> None:
    app = lamp_app(sidecar, clock)
    await dapr.join(SOURCE, call_of(app))

    async with running(app) as client:
        await ready(client)

        app.state.lifecycle.draining = True

        await not_ready(client, "draining")
        assert (await client.get("/livez")).status_code == 200


async def test_the_background_loop_lives_as_long_as_the_app(
    sidecar: MemorySidecar, clock: ManualClock
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def loop() -> None:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    async with running(lamp_app(sidecar, clock, run=loop)):
        await asyncio.wait_for(began.wait(), 1)
        assert not ended.is_set()

    assert ended.is_set()


async def test_a_background_loop_with_a_bug_is_logged_and_the_app_goes_on(
    sidecar: MemorySidecar, clock: ManualClock
) -> None:
    async def loop() -> None:
        raise RuntimeError("bug")

    with capture_logs() as lines:
        async with running(lamp_app(sidecar, clock, run=loop)) as client:
            await wait_until(lambda: lines, what="a line")
            assert (await client.get("/livez")).status_code == 200

    assert [(line["event"], line["log_level"], line["exc_info"]) for line in lines] == [
        ("background loop failed", "error", True)
    ]


async def test_a_preparation_with_a_bug_is_logged_and_the_app_never_ready(
    sidecar: MemorySidecar, dapr: MemoryDapr, clock: ManualClock
) -> None:
    async def prepare() -> None:
        raise RuntimeError("bug")

    app = lamp_app(sidecar, clock, prepare=prepare)
    await dapr.join(SOURCE, call_of(app))

    with capture_logs() as lines:
        async with running(app) as client:
            await wait_until(lambda: lines, what="a line")
            assert (await client.get("/readyz")).status_code == 503


async def test_the_sidecar_is_closed_at_the_end(dapr: MemoryDapr, clock: ManualClock) -> None:
    closed: list[bool] = []

    class Closing(MemorySidecar):
        async def close(self) -> None:
            closed.append(True)

    async with running(lamp_app(Closing(dapr, SOURCE), clock)):
        assert closed == []

    assert closed == [True]


async def test_info_tells_what_runs_here(sidecar: MemorySidecar, clock: ManualClock) -> None:
    async with client_of(lamp_app(sidecar, clock, info={"color": "warm"})) as client:
        assert (await client.get("/info")).json() == {
            "app_id": "lamp-svc",
            "environment": "development",
            "log_level": "info",
            "color": "warm",
        }


async def test_metrics_count_requests_by_route_and_never_by_id(
    sidecar: MemorySidecar, clock: ManualClock
) -> None:
    async with client_of(lamp_app(sidecar, clock)) as client:
        with capture_logs():
            await client.get("/lamps/lamp-xyz")
            await client.get("/nowhere/xyz")
            await client.get("/bug")

        metrics = (await client.get("/metrics")).text

    for labels in (
        'method="GET",route="/lamps/{lamp_id}",status="200"',
        'method="GET",route="(none)",status="404"',
        'method="GET",route="/bug",status="500"',
    ):
        assert f"cafe_http_request_seconds_count{{{labels}}}" in metrics
    assert "xyz" not in metrics


async def test_the_description_shows_what_callers_use_and_how_problems_look(
    sidecar: MemorySidecar, clock: ManualClock
) -> None:
    async with client_of(lamp_app(sidecar, clock)) as client:
        described = (await client.get("/openapi.json")).json()
        assert (await client.get("/openapi.json")).json() == described

    hidden = ("/events", "/dapr", "/livez", "/readyz", "/info", "/metrics", "/job")
    assert "/lamps/{lamp_id}" in described["paths"]
    assert [path for path in described["paths"] if path.startswith(hidden)] == []
    error = described["paths"]["/lamps/{lamp_id}"]["get"]["responses"]["default"]["content"]
    assert list(error) == ["application/problem+json"]
