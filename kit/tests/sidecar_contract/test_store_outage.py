"""The store's server stumbles in the middle of a save: the document says what came of it.

Redis answers 409, as for a lost save, for an outage and even for a save that it has carried out;
PostgreSQL answers 500. Either way the repository reads again, and finds its own write or none.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from cafe_kit.aggregate import Updated, Verdict
from cafe_kit.clock import utc_now
from cafe_kit.events import Cause
from cafe_kit.reminders import Reminders
from cafe_kit.repository import Repository
from cafe_kit.sidecar import Unavailable
from cafe_kit.transitions import Decision
from kit.tests.lamp import (
    GUARD_AFTER,
    LAMP,
    SOURCE,
    Install,
    Lamp,
    Press,
    Status,
    Trigger,
    decide,
)
from kit.tests.sidecar_contract.real_world import real_world
from kit.tests.sidecar_contract.world import World, new_key
from tests.waiting import wait_until
from tools.processes import Process, wait_for

pytestmark = pytest.mark.real
INSTALL, PRESS, LATER = Cause("install-1"), Cause("press-1"), Cause("press-2")
READ_TIMEOUT_S = 3.0
"""Of the Redis client inside daprd: then it sends the same save again, on another connection."""


@pytest.fixture
async def world(store: str, tmp_path: Path) -> AsyncGenerator[World]:
    async with real_world(tmp_path, store) as world:
        yield world


@pytest.fixture
def server(world: World) -> Process:
    assert world.store is not None
    return world.store


def lamps(world: World, before_save: Callable[[], None]) -> Repository[Lamp]:
    """Return a repository that hurts the store between the first press's read and its save."""
    hurts = iter([before_save])

    def deciding(lamp: Lamp | None, trigger: Trigger, now: Any) -> Decision[Lamp]:
        if isinstance(trigger, Press):
            next(hurts, lambda: None)()
        return decide(lamp, trigger, now)

    kind = replace(LAMP, decide=deciding)
    reminders = Reminders(world.sidecar, utc_now)
    return Repository(world.sidecar, utc_now, SOURCE, kind, reminders, GUARD_AFTER)


def unsettled(logs: list[Any]) -> list[str]:
    """Return what the sidecar answered to saves that were not settled."""
    return [line["error"] for line in logs if line["event"] == "save not settled"]


@pytest.mark.parametrize("store", ["valkey"])
async def test_a_save_that_redis_carries_out_and_calls_a_conflict_is_known_as_ones_own(
    world: World, server: Process
) -> None:
    def freeze() -> None:
        server.send(signal.SIGSTOP)
        thaw_s = READ_TIMEOUT_S + 0.5
        asyncio.get_running_loop().call_later(thaw_s, server.send, signal.SIGCONT)

    repository, key = lamps(world, freeze), new_key()
    await repository.update(key, Install(), INSTALL)

    with structlog.testing.capture_logs() as logs:
        updated = await repository.update(key, Press(), PRESS)

    [answer] = unsettled(logs)
    assert "possible etag mismatch" in answer
    assert updated == Updated(Verdict.MOVED, Lamp("lamp-1", Status.ON, 1), 2)


@pytest.mark.parametrize(
    ("store", "crash", "answer"),
    [
        ("valkey", signal.SIGKILL, "possible etag mismatch"),
        # Its sessions would outlive the server's SIGKILL for a moment, long enough for a save.
        ("postgres", signal.SIGQUIT, "500"),
    ],
)
async def test_an_outage_in_the_middle_of_a_save_is_no_conflict_and_the_input_counts_once(
    world: World, server: Process, crash: signal.Signals, answer: str
) -> None:
    def end() -> None:
        server.send(crash)
        wait_for(lambda: not server.alive, timeout_s=5)

    repository, key = lamps(world, end), new_key()
    await repository.update(key, Install(), INSTALL)

    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable):
        await repository.update(key, Press(), PRESS)
    server.start()
    await wait_until(server.ready, what="the store")
    settled = await wait_until(lambda: _press(repository, key), what="the press")

    assert answer in unsettled(logs)[0]
    assert settled == {"state": Lamp("lamp-1", Status.ON, 1), "version": 2}
    later = await repository.update(key, Press(), LATER)
    assert later == Updated(Verdict.MOVED, Lamp("lamp-1", Status.OFF, 2), 3)


async def _press(repository: Repository[Lamp], key: str) -> dict[str, Any] | None:
    """Give the same input again, as a broker does; None while its outcome is not known."""
    try:
        updated = await repository.update(key, Press(), PRESS)
    except Unavailable:
        return None
    return {"state": updated.state, "version": updated.version}
