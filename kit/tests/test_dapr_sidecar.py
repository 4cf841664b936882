"""Answers that a healthy daprd rarely gives, and what the port makes of them.

The server here gives canned answers, word for word as seen on daprd 1.18.2; how a real daprd
behaves is the business of kit/tests/sidecar_contract.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from cafe_kit.dapr_sidecar import DaprSidecar
from cafe_kit.sidecar import Conflict, Rejected, Sidecar, SidecarError, Unavailable, Write
from tools.ports import free_port


@dataclass(slots=True)
class CannedDaprd:
    """Answers every request alike; remembers headers, and the connection each came by."""

    port: int = field(default_factory=free_port)
    status: int = 204
    body: bytes = b""
    cut: bool = False
    tokens: list[str | None] = field(default_factory=list[str | None])
    connections: set[object] = field(default_factory=set[object])

    def sidecar(self, api_token: str = "") -> DaprSidecar:
        """Return a client of this server."""
        return DaprSidecar(port=self.port, store="store", pubsub="pubsub", api_token=api_token)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer, or cut the connection in the middle of the answer."""
        self.tokens.append(request.headers.get("dapr-api-token"))
        self.connections.add(request.transport)
        response = web.StreamResponse(status=self.status)
        response.content_length = len(self.body)
        await response.prepare(request)
        await response.write(self.body[: len(self.body) // 2 if self.cut else None])
        if self.cut and request.transport is not None:
            request.transport.close()
        return response


@pytest.fixture
async def daprd() -> AsyncGenerator[CannedDaprd]:
    canned = CannedDaprd()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", canned.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", canned.port).start()
    yield canned
    await runner.cleanup()


@pytest.fixture
async def sidecar(daprd: CannedDaprd) -> AsyncGenerator[Sidecar]:
    sidecar = daprd.sidecar()
    yield sidecar
    await sidecar.close()


async def read(sidecar: Sidecar) -> object:
    return await sidecar.get("k")


async def save(sidecar: Sidecar) -> None:
    await sidecar.save(Write("k", b"1", None))


async def publish(sidecar: Sidecar) -> None:
    await sidecar.publish("topic", b"{}")


async def schedule(sidecar: Sidecar) -> None:
    await sidecar.schedule("job", due_s=1.0, data=b"{}")


Verb = Callable[[Sidecar], Awaitable[object]]


@pytest.mark.parametrize(
    ("verb", "status", "error"),
    [
        (read, 400, Rejected),
        (read, 401, Rejected),
        (read, 500, Unavailable),
        (save, 400, Rejected),
        (save, 409, Conflict),
        (save, 500, Unavailable),
        (publish, 403, Rejected),
        (publish, 404, Rejected),
        (publish, 500, Unavailable),
        (schedule, 409, Rejected),
        (schedule, 500, Unavailable),
    ],
)
async def test_each_status_is_one_error_of_the_port(
    daprd: CannedDaprd, sidecar: Sidecar, verb: Verb, status: int, error: type[SidecarError]
) -> None:
    daprd.status, daprd.body = status, b'{"errorCode":"ERR_ANY","message":"why"}'

    with pytest.raises(error, match="why"):
        await verb(sidecar)


async def test_an_open_circuit_breaker_is_unavailable(daprd: CannedDaprd, sidecar: Sidecar) -> None:
    daprd.status = 500
    daprd.body = b'{"errorCode":"ERR_DIRECT_INVOKE","message":"circuit breaker is open"}'

    with pytest.raises(Unavailable, match="circuit breaker is open"):
        await sidecar.invoke("app", "/path")


async def test_a_bulk_read_that_misses_an_answer_is_no_answer(
    daprd: CannedDaprd, sidecar: Sidecar
) -> None:
    """Taken for a missing document, it would be inserted anew."""
    daprd.status = 200
    daprd.body = b'[{"key":"a","data":1,"etag":"1"},{"key":"b","error":"database is locked"}]'

    with pytest.raises(Unavailable, match="1 keys"):
        await sidecar.get_many(["a", "b"])


async def test_half_an_answer_is_unavailable(daprd: CannedDaprd, sidecar: Sidecar) -> None:
    daprd.status, daprd.body, daprd.cut = 200, b"x" * 1000, True

    with pytest.raises(Unavailable):
        await read(sidecar)


async def test_no_subscriptions_are_an_empty_set(daprd: CannedDaprd, sidecar: Sidecar) -> None:
    daprd.status, daprd.body = 200, b'{"id":"app"}'

    assert await sidecar.subscriptions() == frozenset()


async def test_calls_one_after_another_share_a_connection(
    daprd: CannedDaprd, sidecar: Sidecar
) -> None:
    for verb in (save, publish, schedule, read):
        await verb(sidecar)

    assert len(daprd.connections) == 1


async def test_a_closed_sidecar_opens_again(daprd: CannedDaprd, sidecar: Sidecar) -> None:
    await save(sidecar)
    await sidecar.close()

    await save(sidecar)

    assert len(daprd.tokens) == 2


@pytest.mark.parametrize(("api_token", "sent"), [("", None), ("t-1", "t-1")])
async def test_the_api_token_goes_with_every_call(
    daprd: CannedDaprd, api_token: str, sent: str | None
) -> None:
    sidecar = daprd.sidecar(api_token)

    await save(sidecar)
    await sidecar.invoke("app", "/path")
    await sidecar.close()

    assert daprd.tokens == [sent, sent]
