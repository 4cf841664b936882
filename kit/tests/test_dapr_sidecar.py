"""Answers that a healthy daprd rarely gives, and what the port makes of them.

The server here gives canned answers, word for word as seen on daprd 1.18.2; how a real daprd
behaves is the business of kit/tests/sidecar_contract.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from cafe_kit.dapr_sidecar import MAX_ANSWER_BYTES, DaprSidecar
from cafe_kit.sidecar import Conflict, Rejected, Sidecar, SidecarError, Stored, Unavailable, Write
from tools.ports import free_port


@dataclass(slots=True)
class CannedDaprd:
    """Answers every request alike; remembers it, its token, and the connection it came by."""

    port: int = field(default_factory=free_port)
    status: int = 204
    body: bytes = b""
    etag: str = ""
    cut: bool = False
    hang: bool = False
    requests: list[tuple[str, str, bytes]] = field(default_factory=list[tuple[str, str, bytes]])
    tokens: list[str | None] = field(default_factory=list[str | None])
    connections: set[object] = field(default_factory=set[object])

    def sidecar(self, api_token: str = "", deadline_s: float = 5.0) -> DaprSidecar:
        """Return a client of this server."""
        return DaprSidecar(
            port=self.port,
            store="store",
            pubsub="pubsub",
            api_token=api_token,
            deadline_s=deadline_s,
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer, cut the connection in the middle of the answer, or never answer."""
        self.requests.append((request.method, request.raw_path, await request.read()))
        self.tokens.append(request.headers.get("dapr-api-token"))
        self.connections.add(request.transport)
        if self.hang:
            await asyncio.get_running_loop().create_future()
        response = web.StreamResponse(status=self.status, headers={"ETag": self.etag})
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
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
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


async def read_many(sidecar: Sidecar) -> object:
    return await sidecar.get_many(["k"])


async def publish(sidecar: Sidecar) -> None:
    await sidecar.publish("topic", b"{}")


async def schedule(sidecar: Sidecar) -> None:
    await sidecar.schedule("job", due_s=1.0, data=b"{}")


async def unschedule(sidecar: Sidecar) -> None:
    await sidecar.unschedule("job")


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
        (unschedule, 403, Rejected),
        (unschedule, 500, Unavailable),
        (read_many, 400, Rejected),
        (read_many, 500, Unavailable),
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


async def test_a_document_has_the_tag_of_its_header(daprd: CannedDaprd, sidecar: Sidecar) -> None:
    daprd.status, daprd.body, daprd.etag = 200, b'{"a":1}', "7"

    assert await sidecar.get("k") == Stored(b'{"a":1}', "7")


async def test_what_has_no_tag_in_a_bulk_read_does_not_exist(
    daprd: CannedDaprd, sidecar: Sidecar
) -> None:
    daprd.status = 200
    daprd.body = b'[{"key":"a","data":{"b":1},"etag":"7"},{"key":"gone"}]'

    assert await sidecar.get_many(["a", "gone"]) == {"a": Stored(b'{"b":1}', "7")}


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


async def test_no_answer_in_time_is_unavailable(daprd: CannedDaprd) -> None:
    daprd.hang = True
    sidecar = daprd.sidecar(deadline_s=0.05)

    with pytest.raises(Unavailable, match="no answer in time"):
        await read(sidecar)

    await sidecar.close()


async def test_a_job_is_tried_for_ever_and_replaces_its_name(
    daprd: CannedDaprd, sidecar: Sidecar
) -> None:
    """Without a policy of its own daprd gives a job up after three seconds."""
    await sidecar.schedule("lamp check:1", due_s=1.2345, data=b'{"ids":["a"]}')
    await sidecar.unschedule("lamp check:1")

    (verb, path, body), (undo, same_path, _) = daprd.requests
    assert (verb, undo) == ("POST", "DELETE")
    assert path == same_path == "/v1.0/jobs/lamp%20check%3A1"
    assert json.loads(body) == {
        "dueTime": "1234ms",
        "overwrite": True,
        "data": {"ids": ["a"]},
        "failurePolicy": {"constant": {"interval": "5s"}},
    }


async def test_an_answer_larger_than_any_we_need_is_not_read_to_its_end(
    daprd: CannedDaprd, sidecar: Sidecar
) -> None:
    daprd.status, daprd.body, daprd.etag = 200, b"x" * MAX_ANSWER_BYTES, "1"
    stored = await sidecar.get("k")
    assert stored is not None
    assert len(stored.value) == MAX_ANSWER_BYTES

    daprd.body += b"x"

    with pytest.raises(Unavailable, match="too large"):
        await sidecar.get("k")


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
    await sidecar.close()
    await sidecar.close()


@pytest.mark.parametrize(("api_token", "sent"), [("", None), ("t-1", "t-1")])
async def test_the_api_token_goes_with_every_call(
    daprd: CannedDaprd, api_token: str, sent: str | None
) -> None:
    sidecar = daprd.sidecar(api_token)

    await save(sidecar)
    await sidecar.invoke("app", "/path")
    await sidecar.close()

    assert daprd.tokens == [sent, sent]
