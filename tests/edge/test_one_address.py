"""In a cluster one address stands for all replicas of a service; here the kernel plays it.

Who is ready behind it is the cluster's business, and a gateway that goes says so first.
"""

import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from tests.edge.conftest import Echo
from tests.waiting import wait_until
from tools.gateway import CADDY
from tools.launch import RUN_FILE
from tools.ports import random_ports
from tools.stack import Stack
from tools.topology import Commands, Topology, default_ports

pytestmark = pytest.mark.real
# Two failed probes take a replica away, and there is one each second.
PROBED_S = 2.5


@pytest.fixture
def stack(tmp_path: Path) -> Generator[Stack]:
    """The gateway as in a cluster, and nothing that it leads to."""
    ports = random_ports(default_ports(RUN_FILE))
    settings = (f"CAFE_SVC=127.0.0.1:{ports['cafe-svc']}", "GATEWAY_UPSTREAMS=balanced")
    commands = Commands(gateway=("env", *settings, "GATEWAY_NOTICE=1s", *CADDY))
    with Stack(Topology(RUN_FILE, tmp_path, commands, ports), only={"gateway"}) as stack:
        yield stack


class NotReady(Echo):
    """Serves, but says that it should be sent nothing."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Refuse a probe."""
        if request.path == "/readyz":
            return web.Response(status=503)
        return await super().handle(request)


@asynccontextmanager
async def replica(stack: Stack, echo: Echo) -> AsyncGenerator[None]:
    """Serve at the address of cafe-svc, beside whoever else does."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", echo.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = stack.topology.ports["cafe-svc"]
    await web.TCPSite(runner, "127.0.0.1", port, reuse_port=True).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def put(door: httpx.AsyncClient, times: int) -> list[int]:
    """Send commands, which the gateway may not repeat, and give the statuses of the answers."""
    return [(await door.put("/menus/a/items/b", json={})).status_code for _ in range(times)]


async def test_replicas_behind_one_address_are_exchanged_without_a_lost_command(
    stack: Stack, door: httpx.AsyncClient
) -> None:
    old, new = Echo(), Echo()
    async with AsyncExitStack() as later:
        async with replica(stack, old):
            answers = await put(door, 10)
            await later.enter_async_context(replica(stack, new))
            answers += await put(door, 10)
        answers += await put(door, 10)

    assert answers == [200] * 30
    assert len(old.seen) + len(new.seen) == 30


async def test_a_replica_that_is_not_ready_does_not_take_the_others_away(
    stack: Stack, door: httpx.AsyncClient
) -> None:
    answers: list[int] = []
    enough = time.monotonic() + PROBED_S
    async with replica(stack, NotReady()):

        async def ask() -> None:
            answers.extend(await put(door, 1))

        await wait_until(ask, lambda _: time.monotonic() > enough, what="the time of two probes")

    assert {*answers} == {200}


async def test_a_gateway_that_goes_says_so_on_every_connection_and_serves_meanwhile(
    stack: Stack, door: httpx.AsyncClient
) -> None:
    gateway = stack.processes["gateway"]
    before = await door.get("/config.json")
    gateway.wanted = False

    gateway.send(gateway.program.stop_signal)

    told = await wait_until(
        lambda: door.get("/config.json"),
        lambda answer: answer.headers.get("connection") == "close",
        what="the end of a kept connection",
    )
    assert before.headers.get("connection") != "close"
    assert (told.status_code, (await door.get("/config.json")).status_code) == (200, 200)
    await wait_until(lambda: not gateway.alive, what="the gateway's end")
    assert gateway.exit_text == "exit code 0"


async def test_an_address_with_nobody_behind_it_is_away(door: httpx.AsyncClient) -> None:
    answer = await door.get("/menus")

    assert (answer.status_code, answer.headers["retry-after"]) == (502, "2")
