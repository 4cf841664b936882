"""The real gateway alone on random ports; tests play the services behind it."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from aiohttp import web

from tests.waiting import wait_until
from tools.launch import RUN_FILE
from tools.ports import random_ports
from tools.stack import Stack
from tools.topology import Commands, Topology, default_ports

PROBES = {"cafe-svc": "/cafes", "mypage-svc": "/deliveries"}
"""A route of each service that is played, kept for finding out whether it is there."""
TRACES_LINK = "http://traces.example/{trace_id}?from=cafe"
Behind = Callable[[str, "Echo"], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """The gateway and nothing that it leads to; somebody has a place for traces, none for logs."""
    ports = random_ports(default_ports(RUN_FILE))
    folder = tmp_path_factory.mktemp("gateway")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACES_LINK", f'"{TRACES_LINK}"')
        stack = Stack(Topology(RUN_FILE, folder, Commands(), ports), only={"gateway"})
        with stack:
            yield stack


@pytest.fixture
async def door(stack: Stack) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the gateway."""
    async with httpx.AsyncClient(base_url=stack.url("gateway"), timeout=15) as client:
        yield client


class Echo:
    """A service that answers with what it was asked, and remembers."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.probed = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a probe of the way here, or what a test asks."""
        if request.path in PROBES.values():
            self.probed = True
            return web.json_response({})
        self.seen.append(f"{request.method} {request.path_qs}")
        return await self.answer(request)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Tell path, headers and size of the body, in a kilobyte or more."""
        size = len(await request.read())
        told = {"path": request.path_qs, "headers": dict(request.headers), "size": size}
        return web.json_response(told | {"padding": "x" * 1000})


@pytest.fixture
def behind(stack: Stack, door: httpx.AsyncClient) -> Behind:
    """`behind(name, echo)` serves as this program, e.g. "cafe-svc.2", once the gateway knows it."""

    @asynccontextmanager
    async def replica(name: str, echo: Echo) -> AsyncGenerator[None]:
        app = web.Application(client_max_size=2**20)
        app.router.add_get("/readyz", _ready)
        app.router.add_route("*", "/{rest:.*}", echo.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", stack.topology.ports[name]).start()
        try:
            probe = PROBES[name.partition(".")[0]]
            await wait_until(
                lambda: door.get(probe), lambda _: echo.probed, what=f"the way to {name}"
            )
            yield
        finally:
            await runner.cleanup()

    return replica


async def _ready(_: web.Request) -> web.Response:
    return web.json_response({"status": "ready"})
