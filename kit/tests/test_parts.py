"""The small parts: the clock, the pause, the trace, and the call of an app in this process."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from starlette.types import Receive, Scope, Send

from cafe_kit import asgi
from cafe_kit.clock import utc_now
from cafe_kit.pause import jittered
from cafe_kit.tracing import outgoing_headers, span
from kit.tests import virtual_time


def test_the_clock_is_aware_and_in_utc() -> None:
    now = utc_now()

    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize("attempt", [0, 1, 7])
def test_pauses_grow_with_the_attempts_and_are_never_the_same(attempt: int) -> None:
    async def wait() -> float:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await jittered(attempt)
        return loop.time() - began_s

    pauses_s = {virtual_time.run(wait()) for _ in range(20)}

    assert all(0.002 * (attempt + 1) <= pause <= 0.021 * (attempt + 1) for pause in pauses_s)
    assert len(pauses_s) > 1


def test_outside_of_a_span_no_trace_is_sent() -> None:
    assert outgoing_headers() == {}


def test_a_span_goes_on_with_the_trace_of_its_caller() -> None:
    caller = {"traceparent": f"00-{'4b' * 16}-{'b7' * 8}-01", "tracestate": "a=b"}

    with span("work", caller) as ids:
        sent = outgoing_headers()

    assert ids["trace_id"] == "4b" * 16
    assert sent == {"traceparent": f"00-{'4b' * 16}-{ids['span_id']}-01", "tracestate": "a=b"}
    assert outgoing_headers() == {}


async def test_an_app_is_called_as_over_the_loopback() -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        said = f"{scope['method']} {scope['path']} {scope['query_string'].decode()} ".encode()
        headers = [(b"x-sent", dict(scope["headers"])[b"x-kind"])]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": said, "more_body": True})
        await send({"type": "http.response.body", "body": body})

    reply = await asgi.call(echo, "PUT", "/a?b=c", body=b"hello", headers={"X-Kind": "lamp"})

    assert (reply.status, reply.body) == (201, b"PUT /a b=c hello")
    assert reply.headers == {"x-sent": "lamp"}


async def test_a_caller_stays_until_it_is_answered() -> None:
    """An app that listens for the end of its caller, as a stream does, must not hear one."""

    async def stream(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    reply = await asgi.call(stream, "GET", "/")

    assert reply.status == 200
