"""So many requests of people at once and no more; the sidecar and the probes always get through."""

import asyncio
from dataclasses import dataclass, field

import pytest
from fastapi import APIRouter
from starlette.types import Message, Receive, Scope, Send

from cafe_kit import asgi
from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.middleware import Shed
from cafe_kit.sidecar import Reply
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import SETTINGS, lamp_app
from tests.waiting import wait_until

LIMIT = 3
MAX_TURN_S = 10.0


@dataclass(slots=True)
class Busy:
    """An app that answers when it is told to, or fails."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False
    under_way: int = 0

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Wait, then answer or raise."""
        self.under_way += 1
        await self.go_on.wait()
        if self.fails:
            raise RuntimeError("bug")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def busy() -> Busy:
    return Busy()


@pytest.fixture
def limited(busy: Busy) -> Shed:
    return Shed(busy, limit=LIMIT, max_turn_s=MAX_TURN_S)


async def fill(limited: Shed, busy: Busy) -> list[asyncio.Task[Reply]]:
    """Have as many requests under way as may be."""
    tasks = [asyncio.create_task(asgi.call(limited, "GET", "/lamps")) for _ in range(LIMIT)]
    await wait_until(lambda: busy.under_way == LIMIT, what="all of them")
    return tasks


async def test_one_more_than_the_limit_is_503_at_once(limited: Shed, busy: Busy) -> None:
    tasks = await fill(limited, busy)

    reply = await asgi.call(limited, "GET", "/lamps")

    assert (reply.status, reply.headers["retry-after"]) == (503, "2")
    assert reply.headers["content-type"] == "application/problem+json"
    assert str(LIMIT).encode() in reply.body
    assert busy.under_way == LIMIT
    busy.go_on.set()
    assert [answer.status for answer in await asyncio.gather(*tasks)] == [200] * LIMIT


async def test_while_a_turn_of_the_loop_takes_too_long_nobody_is_let_in(busy: Busy) -> None:
    shed = Shed(busy, limit=LIMIT, max_turn_s=0.0)

    reply = await asgi.call(shed, "GET", "/lamps")

    assert (reply.status, reply.headers["retry-after"]) == (503, "2")
    assert b"more than can be done in time" in reply.body
    assert busy.under_way == 0


@pytest.mark.parametrize("how", ["answered", "failed", "given up"])
async def test_a_request_that_has_ended_makes_room_however_it_ended(
    limited: Shed, busy: Busy, how: str
) -> None:
    tasks = await fill(limited, busy)
    busy.fails = how == "failed"
    if how == "given up":
        for task in tasks:
            task.cancel()
    else:
        busy.go_on.set()

    await asyncio.gather(*tasks, return_exceptions=True)

    busy.go_on.set()
    busy.fails = False
    answers = await asyncio.gather(*(asgi.call(limited, "GET", "/lamps") for _ in range(LIMIT)))
    assert [answer.status for answer in answers] == [200] * LIMIT


@pytest.mark.parametrize(
    "path",
    [
        "/events/lamp.Lit.v1",
        "/job/lamp.check-1",
        "/dapr/subscribe",
        "/livez",
        "/readyz",
        "/metrics",
        "/info",
    ],
)
async def test_probes_and_the_sidecar_pass_a_full_house(
    limited: Shed, busy: Busy, path: str
) -> None:
    tasks = await fill(limited, busy)

    passing = asyncio.create_task(asgi.call(limited, "GET", path))
    await wait_until(lambda: busy.under_way == LIMIT + 1, what="one more")

    busy.go_on.set()
    assert {reply.status for reply in await asyncio.gather(passing, *tasks)} == {200}


async def nap() -> None:
    """Let the others run."""
    await asyncio.sleep(0)


async def test_the_limit_is_the_setting(sidecar: MemorySidecar, clock: ManualClock) -> None:
    router = APIRouter()
    router.add_api_route("/nap", nap)
    settings = SETTINGS.model_copy(update={"max_in_flight": 2})
    app = lamp_app(sidecar, clock, settings, router=router)

    calls = (asgi.call(app, "GET", "/nap") for _ in range(5))
    statuses = [reply.status for reply in await asyncio.gather(*calls)]

    assert sorted(statuses) == [200, 200, 503, 503, 503]


async def test_what_is_no_request_is_not_counted() -> None:
    passed: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope)

    async def receive() -> Message:
        raise AssertionError("nobody reads")

    async def send(_: Message) -> None:
        raise AssertionError("nobody writes")

    await Shed(app, limit=0, max_turn_s=0)({"type": "lifespan"}, receive, send)

    assert passed == [{"type": "lifespan"}]
