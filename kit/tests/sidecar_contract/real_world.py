"""The contract's world on a real daprd, Valkey and scheduler, started by tools/."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from cafe_kit.dapr_sidecar import DaprSidecar
from kit.tests.sidecar_contract.mute_proxy import mute_proxy
from kit.tests.sidecar_contract.recording_app import APP_ID, PUBSUB, RecordingApp
from kit.tests.sidecar_contract.world import SHORT_DEADLINE_S, World
from tools.launch import find_commands
from tools.ports import free_port, random_ports
from tools.processes import Process, Program
from tools.stack import Stack
from tools.topology import Topology, default_ports

RUN_FILE = Path(__file__).with_name("dapr.yaml")
API_TOKEN = "contract-token"
# tools/ asks for the ports of its sandboxes, which are not started here.
SANDBOXES = {"payment-gateway": 0, "identity-provider": 0}


@asynccontextmanager
async def real_world(folder: Path, store: str) -> AsyncGenerator[World]:
    """Start everything, hand out the world, leave nothing behind."""
    ports = random_ports(default_ports(RUN_FILE, store=store) | SANDBOXES)
    async with AsyncExitStack() as cleanup:
        served = ServedApp(RecordingApp(), ports[APP_ID])
        await served.start()
        cleanup.push_async_callback(served.stop)
        processes = await _start_dapr(folder, ports, store, cleanup)
        api = ports[f"{APP_ID}.http"]
        muted = await cleanup.enter_async_context(mute_proxy(api))

        def sidecar(
            port: int, deadline_s: float = 5.0, metrics_port: int | None = None
        ) -> DaprSidecar:
            made = DaprSidecar(
                port=port,
                metrics_port=metrics_port or port,
                store="contract-store",
                pubsub=PUBSUB,
                deadline_s=deadline_s,
                api_token=API_TOKEN,
            )
            cleanup.push_async_callback(made.close)
            return made

        yield World(
            sidecar=sidecar(api, metrics_port=ports[f"{APP_ID}.metrics"]),
            gone=sidecar(free_port()),
            mute=sidecar(muted, SHORT_DEADLINE_S),
            impatient=sidecar(api, SHORT_DEADLINE_S),
            app=served.app,
            settle=_nothing,
            app_away=served.away,
            store=processes.get(store),
        )


async def _start_dapr(
    folder: Path, ports: dict[str, int], store: str, cleanup: AsyncExitStack
) -> dict[str, Process]:
    topology = GuardedTopology(RUN_FILE, folder, find_commands(), ports, store=store)
    stack = Stack(topology, only={"valkey", "postgres", "scheduler", f"{APP_ID}.daprd"})
    await asyncio.to_thread(stack.__enter__)
    cleanup.callback(stack.close)
    cleanup.callback(stack.kill, *stack.processes)  # nothing is worth a graceful end
    return stack.processes


async def _nothing() -> None:
    """A real sidecar delivers by itself."""


class GuardedTopology(Topology):
    """The sidecar asks every caller for a token."""

    def programs(self) -> list[Program]:
        return [
            replace(each, env={**each.env, "DAPR_API_TOKEN": API_TOKEN})
            for each in super().programs()
        ]


class ServedApp:
    """A recording app on a port of the loopback interface."""

    def __init__(self, app: RecordingApp, port: int) -> None:
        self.app = app
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Open the port."""
        server = web.Application(client_max_size=2**23)
        server.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(server, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    @asynccontextmanager
    async def away(self) -> AsyncGenerator[None]:
        """Close the port for a while."""
        await self.stop()
        yield
        await self.start()

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        reply = await self.app(request.method, request.raw_path, body, request.headers)
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
