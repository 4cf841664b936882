"""What the gateway does with a request that it lets in: little, and no command twice."""

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest
from aiohttp import web

from tests.edge.conftest import TRACES_LINK, Behind, Echo
from tools.stack import Stack

pytestmark = pytest.mark.real
FRAMES = (b"id: 1\ndata: first\n\n", b"id: 2\ndata: second\n\n")
BODY_LIMIT = 65_536


class BreaksOff(Echo):
    """Takes the request and hangs up."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Abort the connection."""
        if request.transport:
            request.transport.abort()
        return web.Response()


class Tells(Echo):
    """Sends one frame, and another when told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Stream two frames."""
        headers = {"content-type": "text/event-stream", "cache-control": "no-store"}
        told = web.StreamResponse(headers=headers)
        await told.prepare(request)
        await told.write(FRAMES[0])
        await self.go_on.wait()
        await told.write(FRAMES[1])
        return told


async def headers_seen(door: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, str]:
    told: dict[str, Any] = (await door.get("/menus", headers=headers)).json()
    return {name.lower(): value for name, value in told["headers"].items()}


async def test_what_only_a_sidecar_or_a_proxy_may_say_is_not_passed_on(
    behind: Behind, door: httpx.AsyncClient
) -> None:
    names = ("dapr-caller-app-id", "dapr-api-token", "dapr-app-id", "dapr-anything")
    names += ("traceparent", "tracestate", "baggage", "forwarded", "x-real-ip", "x-forwarded-for")
    forged = dict.fromkeys(names, "forged")
    async with behind("cafe-svc", Echo()):
        seen = await headers_seen(door, forged | {"authorization": "Bearer mine"})

    assert {name for name in seen if name in forged} == {"x-forwarded-for"}
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["authorization"] == "Bearer mine"


@pytest.mark.parametrize("wish", ["0190f-abc.DEF_1", "short", "a b c d e f g", "x" * 65, ""])
async def test_a_request_has_one_id_inside_and_outside(
    behind: Behind, door: httpx.AsyncClient, wish: str
) -> None:
    async with behind("cafe-svc", Echo()):
        answer = await door.get("/menus", headers={"x-request-id": wish} if wish else {})

    [told] = answer.headers.get_list("x-request-id")
    assert {k.lower(): v for k, v in answer.json()["headers"].items()}["x-request-id"] == told
    assert (told == wish) is (wish == "0190f-abc.DEF_1")
    assert len(told) >= 8


async def test_a_service_is_asked_by_its_own_name_and_told_the_one_that_was_asked_for(
    stack: Stack, behind: Behind, door: httpx.AsyncClient
) -> None:
    async with behind("cafe-svc", Echo()):
        seen = await headers_seen(door, {"host": "cafe.example", "x-forwarded-host": "forged"})

    assert seen["host"] == f"127.0.0.1:{stack.topology.ports['cafe-svc']}"
    assert seen["x-forwarded-host"] == "cafe.example"


async def test_ops_of_a_service_arrive_where_each_service_has_them(
    behind: Behind, door: httpx.AsyncClient
) -> None:
    echo = Echo()
    async with behind("cafe-svc", echo):
        await door.get("/ops/cafe-svc/dead-letters?limit=2&cursor=a%2Fb")
        await door.post("/ops/cafe-svc/dead-letters/abc/discard", json={"reason": "old"})

    assert echo.seen == [
        "GET /ops/dead-letters?limit=2&cursor=a%2Fb",
        "POST /ops/dead-letters/abc/discard",
    ]


async def test_the_web_app_learns_where_traces_and_logs_are(door: httpx.AsyncClient) -> None:
    links = (await door.get("/config.json")).json()["links"]

    assert links == {"traces": TRACES_LINK, "logs": None}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("POST", "/menus", "GET"), ("OPTIONS", "/menus", "GET"), ("HEAD", "/menus", "GET"),
     ("GET", "/cafes/gangnam/open", "POST"), ("DELETE", "/config.json", "GET"),
     ("POST", "/", "GET, HEAD")],
)  # fmt: skip
async def test_another_method_is_refused_with_those_there_are(
    door: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await door.request(method, path, headers={"origin": "http://evil.example"})

    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_a_body_over_the_limit_is_refused_and_one_of_just_that_size_is_not(
    behind: Behind, door: httpx.AsyncClient, *, chunked: bool
) -> None:
    async def parts(size: int) -> Any:
        yield b"x" * size

    def body(size: int) -> Any:
        return parts(size) if chunked else b"x" * size

    async with behind("cafe-svc", Echo()):
        fits = await door.put("/menus/a/items/b", content=body(BODY_LIMIT))
        over = await door.put("/menus/a/items/b", content=body(BODY_LIMIT + 1))

    assert fits.json()["size"] == BODY_LIMIT
    assert over.status_code == 413
    assert over.json()["detail"] == f"The body may have at most {BODY_LIMIT} bytes."


async def test_headers_over_the_limit_are_refused(door: httpx.AsyncClient) -> None:
    much = {"x-much": "x" * 24_000}

    async with door.stream("GET", "/config.json", headers=much) as answer:
        assert answer.status_code == 431


async def test_json_is_compressed_for_who_asks(behind: Behind, door: httpx.AsyncClient) -> None:
    async with (
        behind("cafe-svc", Echo()),
        door.stream("GET", "/menus", headers={"accept-encoding": "gzip"}) as answer,
    ):
        raw = b"".join([part async for part in answer.aiter_raw()])

    assert answer.headers["content-encoding"] == "gzip"
    assert len(raw) < len(gzip.decompress(raw)) / 2
    assert "padding" in json.loads(gzip.decompress(raw))


async def test_a_stream_passes_frame_by_frame_as_it_is(
    behind: Behind, door: httpx.AsyncClient
) -> None:
    headers = {"accept-encoding": "gzip, zstd", "last-event-id": "0"}
    tells = Tells()
    async with (
        behind("mypage-svc", tells),
        door.stream("GET", "/my-pages/stream", headers=headers) as answer,
    ):
        frames = answer.aiter_raw()
        first = await asyncio.wait_for(anext(frames), 5)
        tells.go_on.set()
        rest = b"".join([part async for part in frames])

    assert (first, rest) == FRAMES
    assert "content-encoding" not in answer.headers
    assert answer.headers.get_list("cache-control") == ["no-store"]


async def test_what_never_reached_a_replica_is_sent_to_the_other(
    behind: Behind, door: httpx.AsyncClient
) -> None:
    echo = Echo()
    async with behind("cafe-svc.2", echo):
        async with behind("cafe-svc", Echo()):
            pass
        answers = [await door.put("/menus/a/items/b", json={"n": n}) for n in range(20)]

    assert [answer.status_code for answer in answers] == [200] * 20
    assert len(echo.seen) == 20


async def test_a_command_that_broke_off_is_not_repeated_and_a_question_is(
    behind: Behind, door: httpx.AsyncClient
) -> None:
    one, other = BreaksOff(), BreaksOff()
    async with behind("cafe-svc", one), behind("cafe-svc.2", other):
        command = await door.post("/cafes/gangnam/open")
        commands = len(one.seen + other.seen)
        question = await door.get("/menus")

    assert (command.status_code, commands) == (502, 1)
    assert command.headers["retry-after"] == "2"
    assert question.status_code == 502
    assert len(one.seen + other.seen) > 2


async def test_a_service_that_is_away_is_a_problem_like_any_other(
    stack: Stack, door: httpx.AsyncClient
) -> None:
    answer = await door.get("/payments/0190")

    assert answer.status_code in {502, 503}
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
    assert answer.json().keys() == {"type", "title", "status", "detail"}
    assert str(stack.topology.ports["payment-svc"]) not in answer.text


async def test_what_the_gateway_writes_stays_in_its_folder_and_names_no_secret(
    stack: Stack, door: httpx.AsyncClient
) -> None:
    secrets = {"authorization": "Bearer s3cr3t-token", "cookie": "session=s3cr3t-cookie"}
    await door.get("/payments/0190?cursor=s3cr3t-cursor", headers=secrets)
    answer = await door.get("/?code=s3cr3t-code", headers=secrets)

    log = stack.processes["gateway"].log.read_text()

    assert answer.headers["x-request-id"] in log
    assert "s3cr3t" not in log
    assert {path.name for path in stack.topology.run_dir.iterdir()} <= {
        *("components", "gateway", "logs", "stack.lock", "valkey", "postgres"),
    }
