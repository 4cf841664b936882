"""The lamp service as a process: real environment, real uvicorn, a sidecar in memory.

`/slow` ends only after the signal to stop and tells what `/readyz` says then; `/hang` never ends;
`/under_way` counts both; `/publish` asks the process's own sidecar, which nobody has started.
"""

import asyncio
import os

from fastapi import FastAPI, Request

from cafe_kit import asgi
from cafe_kit.clock import Clock, utc_now
from cafe_kit.memory_sidecar import MemoryDapr
from cafe_kit.serve import run
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Sidecar
from cafe_kit.sidecar_facts import Subscription
from cafe_kit.subscriptions import dead_letter_topic
from kit.tests.lamp_service import REACTIONS, lamp_app
from tests.waiting import wait_until


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service to a sidecar in memory; the one that `run` made is for `/publish`."""
    dapr = MemoryDapr()
    heard = [*(row.hears.TOPIC for row in REACTIONS), dead_letter_topic(settings.app_id)]
    dapr.heard[settings.app_id] = {topic: Subscription("", topic, "") for topic in heard}
    app = lamp_app(dapr.sidecar(settings.app_id), clock, settings)
    app.state.under_way = 0
    app.state.sidecar = sidecar
    for handler in (slow, hang, under_way, publish):
        app.add_api_route(f"/{handler.__name__}", handler)
    return app


async def slow(request: Request) -> int:
    """Return the status of `/readyz` once the process has been told to stop."""
    request.app.state.under_way += 1
    lifecycle = request.app.state.lifecycle
    await wait_until(lambda: lifecycle.draining, what="the signal")
    return (await asgi.call(request.app, "GET", "/readyz")).status


async def hang(request: Request) -> None:
    """Never answer."""
    request.app.state.under_way += 1
    await asyncio.get_running_loop().create_future()


async def publish(request: Request) -> None:
    """Publish an event."""
    await request.app.state.sidecar.publish("lamp.Lit.v1", b"{}")


async def under_way(request: Request) -> int:
    """Return how many requests have begun that do not end by themselves."""
    return request.app.state.under_way


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="lamp_id")
