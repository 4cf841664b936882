"""A service with reminders and nothing else, on a sidecar in memory; its time is the loop's.

Where time is virtual (`in_virtual_time`), a day of reminders takes a moment.
"""

import asyncio
import functools
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, ParamSpec

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.reminders import Armed, Reminder, Reminders
from cafe_kit.repository import Repository
from kit.tests import virtual_time
from kit.tests.lamp import NOW, SOURCE, Lamp, lamps
from kit.tests.lamp_service import call_of, lamp_app

STEP_S: Final = 0.1
AT_ONCE_LIMIT: Final = 1000
KIND: Final = "lamp.check"
P = ParamSpec("P")


def in_virtual_time(
    test: Callable[P, Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    """Run a test on a loop of its own, where waiting takes no time."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        virtual_time.run(test(*args, **kwargs))

    return run


def loop_now() -> datetime:
    """Return NOW, later by what has passed on the running loop."""
    return NOW + timedelta(seconds=asyncio.get_running_loop().time())


def at(seconds: float) -> datetime:
    """Return the time so long after the beginning."""
    return NOW + timedelta(seconds=seconds)


@dataclass(slots=True)
class Desk:
    """`looks` are (seconds after the beginning, id) of every reminder that was handled.

    `again` says by id in how many seconds to look again, and may raise.
    """

    again: Callable[[str], float | None] = lambda _: None
    latency_s: float = 0.0
    sidecar_of: Callable[[MemoryDapr], MemorySidecar] = lambda dapr: dapr.sidecar(SOURCE)
    looks: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    dapr: MemoryDapr = field(init=False)
    sidecar: MemorySidecar = field(init=False)
    reminders: Reminders = field(init=False)

    def __post_init__(self) -> None:
        self.dapr = MemoryDapr(clock=loop_now, latency_s=lambda: self.latency_s)
        self.sidecar = self.sidecar_of(self.dapr)
        self.start()

    def start(self) -> None:
        """Start the process, or start it again: what it had in its memory is gone."""
        self.reminders = Reminders(self.sidecar, loop_now)
        self.reminders.on(KIND, self.look)
        app = lamp_app(self.sidecar, loop_now, reminders=self.reminders)
        self.dapr.apps[SOURCE] = call_of(app)

    async def look(self, reminder: Reminder) -> datetime | None:
        """Handle a reminder."""
        now = loop_now()
        self.looks.append((round((now - NOW).total_seconds(), 1), reminder.id))
        again_s = self.again(reminder.id)
        return None if again_s is None else now + timedelta(seconds=again_s)

    def arm(self, id_: str, due_s: float = 60.0, kind: str = KIND) -> Coroutine[Any, Any, Armed]:
        """Arm a reminder for so long after the beginning."""
        return self.reminders.arm(Reminder(kind=kind, id=id_, due=at(due_s)))

    def lamps(self) -> Repository[Lamp]:
        """Return the repository of the process that runs now; its guards are reminders, too."""
        return lamps(self.sidecar, self.reminders, loop_now)

    @property
    def said(self) -> list[dict[str, Any]]:
        """Return the published envelopes, the oldest first."""
        return [json.loads(event) for _, event in self.dapr.published]

    @property
    def jobs(self) -> list[tuple[float, list[str]]]:
        """Return the seconds after the beginning and the ids of every job, the oldest first."""
        return [
            (round((job.due - NOW).total_seconds(), 1), [r["id"] for r in reminders_of(job.data)])
            for job in self.sidecar.jobs.values()
        ]

    async def elapse(self, seconds: float) -> None:
        """Let time pass; every job is fired when it is due."""
        end = loop_now() + timedelta(seconds=seconds)
        while True:
            for _ in range(AT_ONCE_LIMIT):
                if not await self.dapr.jobs.fire_due():
                    break
            else:
                raise AssertionError("a job that is due again at once, for ever")
            if loop_now() >= end:
                return
            await asyncio.sleep(STEP_S)


def reminders_of(data: bytes) -> list[dict[str, str]]:
    """Return what a job carries."""
    return json.loads(data)["reminders"]
