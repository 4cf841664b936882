"""The contract's world in memory: nothing arrives before `settle`, faults are hooks."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from cafe_kit.clock import utc_now
from cafe_kit.memory_jobs import JOB_RETRY
from cafe_kit.memory_sidecar import Hook, MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Reply, Unavailable
from kit.tests.sidecar_contract.recording_app import APP_ID, RecordingApp
from kit.tests.sidecar_contract.world import SHORT_DEADLINE_S, World

# What `settle` need not wait for: it makes again what has just failed.
SOON_S = JOB_RETRY.total_seconds() + 1
READS = {"get", "get_many", "metadata", "breakers"}


@asynccontextmanager
async def memory_world() -> AsyncGenerator[World]:
    """Register the app and hand out the world."""
    dapr, app = MemoryDapr(), RecordingApp()
    await dapr.join(APP_ID, app)
    sidecar = dapr.sidecar(APP_ID)

    def view(hook: Hook) -> MemorySidecar:
        other = dapr.sidecar(APP_ID)
        other.documents, other.jobs, other.hook = sidecar.documents, sidecar.jobs, hook
        return other

    async def settle() -> None:
        soon = utc_now() + timedelta(seconds=SOON_S)
        for name in [name for name, job in sidecar.jobs.items() if job.due < soon]:
            await sidecar.fire(name)
        await dapr.settle()

    @asynccontextmanager
    async def app_away() -> AsyncGenerator[None]:
        dapr.apps[APP_ID] = _refuse
        yield
        dapr.apps[APP_ID] = app

    yield World(
        sidecar=sidecar,
        gone=view(_fail),
        mute=view(_swallow),
        impatient=MemorySidecar(dapr, APP_ID, deadline_s=SHORT_DEADLINE_S),
        app=app,
        settle=settle,
        app_away=app_away,
    )


def _fail(verb: str, _phase: str, _what: str) -> None:
    raise Unavailable(f"{verb}: connection refused")


def _swallow(verb: str, phase: str, _what: str) -> None:
    if phase == "after" or verb in READS:
        raise Unavailable(f"{verb}: no answer in time")


async def _refuse(*_: object) -> Reply:
    raise ConnectionRefusedError
