"""No event is lost between a publisher and a handler that fails, hangs, is away or dies.

payment-svc stands for every consumer: the policies name the broker, not the app.
"""

import asyncio
import signal
import time

import pytest
from aiohttp import web

from tests.components.recording_app import Call, RecordingApp, succeed
from tests.components.runtime import Runtime, Sidecar
from tests.waiting import wait_until

pytestmark = pytest.mark.real

BROKER = "cafe-pubsub"
TOPIC = "cafe.OrderPlaced.v1"
DEAD_LETTERS = "cafe.dead-letter.payment-svc"


async def consumer(runtime: Runtime) -> tuple[RecordingApp, Sidecar]:
    app = await runtime.app()
    app.hears(BROKER, TOPIC, dead_letter=DEAD_LETTERS)
    return app, await runtime.sidecar("payment-svc", app)


async def ask_for_retry(_call: Call) -> web.Response:
    return web.json_response({"status": "RETRY"})


async def hang(_call: Call) -> web.Response:
    return await asyncio.get_running_loop().create_future()


async def test_an_event_reaches_a_handler_that_fails_three_times(runtime: Runtime) -> None:
    app, _ = await consumer(runtime)
    order = await runtime.sidecar("order-svc")

    async def fail_three_times(call: Call) -> web.Response:
        return web.Response(status=500) if len(app.calls) <= 3 else await succeed(call)

    app.answer = fail_three_times
    await order.publish(BROKER, TOPIC)

    calls = await app.called(times=4)
    assert 1.0 <= calls[3].at_s - calls[0].at_s <= 3.0 + 0.4
    await everything_acknowledged(runtime)
    assert await runtime.valkey.xlen(DEAD_LETTERS) == 0


async def test_an_app_that_is_away_for_five_seconds_misses_no_event(runtime: Runtime) -> None:
    app, _ = await consumer(runtime)
    order = await runtime.sidecar("order-svc")

    await app.stop()
    away_s = time.monotonic()
    for event_id in "abc":
        await order.publish(BROKER, TOPIC, event_id)
    await wait_until(
        lambda: time.monotonic() - away_s, lambda past_s: past_s >= 5, what="five seconds"
    )
    await app.start()

    calls = await app.called(times=3)
    assert sorted(call.body["id"] for call in calls) == ["a", "b", "c"]
    await everything_acknowledged(runtime)


async def test_an_event_that_can_never_be_handled_is_kept_as_a_dead_letter(
    runtime: Runtime,
) -> None:
    app, _ = await consumer(runtime)
    order = await runtime.sidecar("order-svc")

    async def drop(_call: Call) -> web.Response:
        return web.json_response({"status": "DROP"})

    app.answer = drop
    await order.publish(BROKER, TOPIC, "spoilt")

    [letter] = await dead_letters(runtime)
    assert '"id":"spoilt"' in letter
    assert len(app.calls) == 1


async def test_an_event_that_used_up_its_retries_is_kept_as_a_dead_letter(
    runtime: Runtime,
) -> None:
    runtime.change("resiliency.yaml", "maxRetries: 20", "maxRetries: 2")
    app, _ = await consumer(runtime)
    order = await runtime.sidecar("order-svc")

    app.answer = ask_for_retry
    await order.publish(BROKER, TOPIC, "unlucky")

    [letter] = await dead_letters(runtime)
    assert '"id":"unlucky"' in letter
    assert len(app.calls) == 3


async def test_a_handler_that_hangs_is_cut_off_and_asked_again(runtime: Runtime) -> None:
    runtime.change("resiliency.yaml", "handler: 10s", "handler: 1s")
    app, _ = await consumer(runtime)
    order = await runtime.sidecar("order-svc")

    app.answer = hang
    await order.publish(BROKER, TOPIC)
    await app.called(times=1)
    app.answer = succeed

    first, second = await app.called(times=2)
    assert 1.25 <= second.at_s - first.at_s <= 1.75 + 0.4


async def test_an_event_whose_sidecar_was_killed_is_delivered_again(runtime: Runtime) -> None:
    runtime.change("cafe-pubsub.yaml", "value: 45s", "value: 3s")
    runtime.change("cafe-pubsub.yaml", "'5000'", "'500'")
    app, sidecar = await consumer(runtime)
    order = await runtime.sidecar("order-svc")

    app.answer = hang
    await order.publish(BROKER, TOPIC, "in-flight")
    await app.called(times=1)
    sidecar.process.send(signal.SIGKILL)
    sidecar.process.kill()
    app.answer = succeed
    await sidecar.start()

    first, second = await app.called(times=2)
    assert second.body["id"] == "in-flight"
    assert 3.0 <= second.at_s - first.at_s <= 3.0 + 0.5 + 1.0  # and a second for a busy machine


async def everything_acknowledged(runtime: Runtime) -> None:
    async def pending() -> int:
        return (await runtime.valkey.xpending(TOPIC, "payment-svc"))["pending"]

    await wait_until(pending, lambda count: count == 0, what="events pending")


async def dead_letters(runtime: Runtime) -> list[str]:
    async def read() -> list[str]:
        entries = await runtime.valkey.xrange(DEAD_LETTERS)
        return [fields["data"] for _, fields in entries]

    return await wait_until(read, what="a dead letter")
