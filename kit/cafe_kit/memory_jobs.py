"""The scheduler in memory: jobs wait for a clock, and are fired when the test says so."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from cafe_kit.clock import Clock
from cafe_kit.sidecar import Reply

JOB_RETRY: Final = timedelta(seconds=5)
"""After this long a job that was not answered 2xx is fired again, for ever: a constant policy."""

_JSON: Final = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Job:
    """A call to be made at `due`."""

    due: datetime
    data: bytes


@dataclass(frozen=True, slots=True)
class MemoryJobs:
    """The jobs of all apps; like Dapr's they belong to the app id, so replicas share them."""

    clock: Clock
    apps: Mapping[str, Callable[[str, str, bytes, Mapping[str, str]], Awaitable[Reply]]]
    by_app: dict[str, dict[str, Job]] = field(default_factory=dict[str, dict[str, Job]])

    def of(self, app_id: str) -> dict[str, Job]:
        """Return an app's jobs by name."""
        return self.by_app.setdefault(app_id, {})

    def next_due(self) -> datetime | None:
        """Return when the next job is due, None when there is none."""
        return min((job.due for _, _, job in self._all()), default=None)

    async def fire_due(self) -> bool:
        """Fire the job that has been due for longest. False: none is due."""
        due = self.next_due()
        if due is None or due > self.clock():
            return False
        app_id, name = next((app_id, name) for app_id, name, job in self._all() if job.due == due)
        await self.fire(app_id, name)
        return True

    async def fire(self, app_id: str, name: str) -> None:
        """Make the call now. Unless the app answers 2xx or 404, it is made again later."""
        job = self.of(app_id).pop(name)
        try:
            status = (await self.apps[app_id]("POST", f"/job/{name}", job.data, _JSON)).status
        except (KeyError, OSError):
            status = HTTPStatus.SERVICE_UNAVAILABLE
        if status >= HTTPStatus.MULTIPLE_CHOICES and status != HTTPStatus.NOT_FOUND:
            self.of(app_id).setdefault(name, Job(self.clock() + JOB_RETRY, job.data))

    def _all(self) -> list[tuple[str, str, Job]]:
        return [(app, name, job) for app, jobs in self.by_app.items() for name, job in jobs.items()]
