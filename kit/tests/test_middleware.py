"""Around every request: the trace, the metric, and the limit on bodies."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.middleware import BodyLimit, Observe
from cafe_kit.problems import TooLarge
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import SETTINGS, client_of, lamp_app

LIMIT = SETTINGS.max_body_bytes
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"}
JSON = {"content-type": "application/json", "idempotency-key": "k-1"}


@pytest.fixture
async def client(sidecar: MemorySidecar, clock: ManualClock) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(lamp_app(sidecar, clock)) as client:
        yield client


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Stream a body whose length nobody declares."""
    for _ in range(size // 100):
        yield b"x" * 100
    yield b"x" * (size % 100)


@pytest.mark.parametrize("path", ["/raw", "/lamps"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_above_the_limit_is_413(
    client: httpx.AsyncClient, path: str, *, streamed: bool
) -> None:
    content = chunks(LIMIT + 1) if streamed else b"x" * (LIMIT + 1)

    reply = await client.post(path, content=content, headers=JSON)

    assert reply.status_code == 413
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"] == f"The body may have at most {LIMIT} bytes."


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_at_the_limit_is_read(client: httpx.AsyncClient, *, streamed: bool) -> None:
    reply = await client.post("/raw", content=chunks(LIMIT) if streamed else b"x" * LIMIT)

    assert (reply.status_code, reply.json()) == (200, {"bytes": LIMIT})


@pytest.mark.parametrize("declared", ["-1", "many", "1e3", ""])
async def test_a_length_that_is_no_number_is_413(client: httpx.AsyncClient, declared: str) -> None:
    reply = await client.post("/raw", content=b"x", headers={"content-length": declared})

    assert reply.status_code == 413


async def test_a_body_is_not_read_on_once_it_is_over_the_limit() -> None:
    """Straight to the middleware: a client of an app cannot see how far its body was read."""
    parts = iter(range(10))
    sent: list[Message] = []

    async def receive() -> Message:
        next(parts)
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    async def read_all(_scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(TooLarge):
            while True:
                await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    scope: Scope = {"type": "http", "path": "/raw", "headers": []}
    await BodyLimit(read_all, max_bytes=250)(scope, receive, send)

    assert next(parts) == 3
    assert [message["status"] for message in sent if "status" in message] == [413]


async def test_lines_of_a_request_carry_its_trace(client: httpx.AsyncClient) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        await client.get("/lamps/lamp-1", headers=TRACEPARENT)

    [line] = lines
    assert (line["event"], line["trace_id"]) == ("shown", TRACE_ID)
    assert len(line["span_id"]) == 16
    assert line["span_id"] != "00f067aa0ba902b7"


async def test_a_request_without_a_trace_begins_one(client: httpx.AsyncClient) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        await client.get("/lamps/lamp-1")
        await client.get("/lamps/lamp-2", headers={"traceparent": f"00-{'0' * 32}-{'0' * 16}-00"})

    traces = [line["trace_id"] for line in lines]
    assert len(set(traces)) == 2
    assert "0" * 32 not in traces


@pytest.mark.parametrize("path", ["/away", "/bug"])
async def test_the_line_of_an_error_carries_the_trace_too(
    client: httpx.AsyncClient, path: str
) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        await client.get(path, headers=TRACEPARENT)

    [line] = lines
    assert line["trace_id"] == TRACE_ID


async def limited(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await BodyLimit(app, max_bytes=1)(scope, receive, send)


async def observed(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await Observe(app)(scope, receive, send)


@pytest.mark.parametrize("middleware", [limited, observed])
async def test_what_is_no_request_passes_untouched(
    middleware: Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]],
) -> None:
    passed: list[object] = []

    async def app(*given: object) -> None:
        passed.extend(given)

    async def receive() -> Message:
        raise AssertionError("nobody reads")

    async def send(_: Message) -> None:
        raise AssertionError("nobody writes")

    scope = {"type": "lifespan"}
    await middleware(app, scope, receive, send)

    assert passed == [scope, receive, send]


async def test_an_answer_that_breaks_off_is_the_servers_to_end() -> None:
    """It has its status already, so nobody can be told; the server closes the connection."""

    async def break_off(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("bug")

    async def receive() -> Message:
        raise AssertionError("nobody reads")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(RuntimeError):
        await Observe(break_off)(scope, receive, send)

    assert [message["status"] for message in sent] == [200]
