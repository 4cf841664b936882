"""Durable reminders on the sidecar's jobs: what was promised is looked at again, come what may.

A reminder names a kind, an id and a time. Reminders of one kind that are armed while a schedule
call is under way share the next job (group commit): one call, many reminders. When a job fires,
each reminder that is due goes to the handler of its kind, which may name the next time; all that
goes on is armed anew before the job is answered, so nothing is forgotten by a crash. Firing late,
twice, or after a restart is the same as firing once: handlers look at the stored state.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cafe_kit.clock import Clock
from cafe_kit.logs import get_logger
from cafe_kit.metrics import REMINDERS
from cafe_kit.sidecar import Sidecar, SidecarError, Unavailable

GROUP_LIMIT: Final = 200
"""Reminders of one job; the job's data stays far below the 4 MiB of a sidecar call."""

LATER_LIMIT: Final = 10_000
"""Reminders kept in memory while the scheduler is away."""

FIRING_LIMIT: Final = 256
"""Jobs that are taken at once; a further one is asked to come again."""

HANDS: Final = 8
"""Reminders that are handled at once, of all jobs: people ask the same process."""

RETRY_AFTER: Final = timedelta(seconds=5)
AWAY_FOR: Final = timedelta(seconds=5)
_log = get_logger()


class Reminder(BaseModel):
    """Look at `id` at `due`. `cause` says which input, where that matters.

    `retry_at`: the look that was meant for `due` has failed and is taken again then.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str
    due: AwareDatetime
    cause: str = ""
    retry_at: AwareDatetime | None = None

    @property
    def at(self) -> datetime:
        """When the look is to be taken."""
        return self.retry_at or self.due


class _Job(BaseModel):
    reminders: tuple[Reminder, ...]


Handler = Callable[[Reminder], Awaitable[datetime | None]]
"""Does what is due and returns when to look again, or None."""


async def _unknown(reminder: Reminder) -> datetime | None:
    """Fail: a newer or older replica may know the kind."""
    _log.error("reminder of an unknown kind", kind=reminder.kind)
    raise LookupError(reminder.kind)


@dataclass(slots=True)
class _Group:
    name: str
    open: set[int] = field(default_factory=set[int])


@dataclass(frozen=True, slots=True)
class Armed:
    """A reminder the scheduler has; `forget` it when what it guards is done."""

    reminders: "Reminders"
    group: _Group
    number: int

    def forget(self) -> None:
        """Drop the reminder; its job goes with the last of its group, in the background."""
        self.group.open.discard(self.number)
        if not self.group.open:
            self.reminders.drop(self.group.name)


@dataclass(frozen=True, slots=True)
class _Waiting:
    reminder: Reminder
    armed: asyncio.Future[Armed]


class Reminders:
    """Arms and fires the reminders of one service."""

    def __init__(self, sidecar: Sidecar, clock: Clock) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._handlers: dict[str, Handler] = {}
        self._waiting: dict[str, list[_Waiting]] = {}
        self._busy: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._away_until: datetime | None = None
        self._later: dict[tuple[str, str, str], Reminder] = {}
        self._firing: set[str] = set()
        self._hands = asyncio.Semaphore(HANDS)

    def on(self, kind: str, handler: Handler) -> None:
        """Register what is done when a reminder of this kind is due."""
        self._handlers[kind] = handler

    async def arm(self, reminder: Reminder) -> Armed:
        """Return when the scheduler has it. Raises `SidecarError`, at once while it is away."""
        if self._away_until is not None and self._clock() < self._away_until:
            raise Unavailable("the scheduler did not answer a moment ago")
        future: asyncio.Future[Armed] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(reminder.kind, []).append(_Waiting(reminder, future))
        if reminder.kind not in self._busy:
            self._busy.add(reminder.kind)
            self._spawn(self._arm_all(reminder.kind))
        return await future

    async def arm_or_later(self, reminder: Reminder) -> Armed | None:
        """Arm now, or return None and go on trying in the background."""
        try:
            return await self.arm(reminder)
        except SidecarError as error:
            _log.warning("reminder not armed yet", kind=reminder.kind, error=str(error))
            self._put_off(reminder)
            return None

    async def fire(self, name: str, body: bytes) -> None:
        """Handle one job. Raises `SidecarError`, or `ValueError`: the scheduler calls again.

        A job that is being handled is not handled beside itself: the scheduler would call ever more
        often what takes ever longer. What goes on is armed under a
        name that follows from the job's: a job that is fired again writes over its successor
        instead of adding another.
        """
        if name in self._firing or len(self._firing) >= FIRING_LIMIT:
            raise Unavailable(f"{len(self._firing)} jobs are being handled; come again")
        self._firing.add(name)
        try:
            await self._fire(name, _Job.model_validate_json(body))
        finally:
            self._firing.discard(name)

    async def _fire(self, name: str, job: _Job) -> None:
        now = self._clock()
        later = [reminder for reminder in job.reminders if reminder.at > now]
        due = [reminder for reminder in job.reminders if reminder.at <= now]
        handled = await asyncio.gather(*(self._handle(reminder) for reminder in due))
        later.extend(again for again in handled if again is not None)
        if later:
            successor = f"{later[0].kind}-{uuid.uuid5(uuid.NAMESPACE_URL, name).hex}"
            await self._schedule(successor, later)

    def drop(self, name: str) -> None:
        """Forget a job in the background; one that stays fires and finds nothing to do."""
        self._spawn(self._unschedule(name))

    async def close(self) -> None:
        """Stop what goes on in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _handle(self, reminder: Reminder) -> Reminder | None:
        try:
            async with self._hands:
                again = await self._handlers.get(reminder.kind, _unknown)(reminder)
        except Exception as error:  # noqa: BLE001 - one that fails must not hold up the others
            _log.warning("reminder failed", kind=reminder.kind, id=reminder.id, error=repr(error))
            REMINDERS.labels(reminder.kind, "failed").inc()
            return reminder.model_copy(update={"retry_at": self._clock() + RETRY_AFTER})
        REMINDERS.labels(reminder.kind, "done" if again is None else "again").inc()
        if again is None:
            return None
        return reminder.model_copy(update={"due": again, "retry_at": None})

    async def _arm_all(self, kind: str) -> None:
        waiting = self._waiting[kind]
        while waiting:
            group, waiting[:] = waiting[:GROUP_LIMIT], waiting[GROUP_LIMIT:]
            try:
                name = f"{kind}-{uuid.uuid4().hex}"
                await self._schedule(name, [entry.reminder for entry in group])
            except Exception as error:  # noqa: BLE001 - every waiter is told, the queue as well
                self._away_until = self._clock() + AWAY_FOR
                group, waiting[:] = [*group, *waiting], []
                for entry in group:
                    if not entry.armed.done():
                        entry.armed.set_exception(error)
            else:
                armed = _Group(name, set(range(len(group))))
                for number, entry in enumerate(group):
                    if not entry.armed.done():
                        entry.armed.set_result(Armed(self, armed, number))
        self._busy.discard(kind)

    async def _schedule(self, name: str, reminders: Sequence[Reminder]) -> None:
        due_s = (min(r.at for r in reminders) - self._clock()).total_seconds()
        data = _Job(reminders=tuple(reminders)).model_dump_json().encode()
        await self._sidecar.schedule(name, due_s=max(0.0, due_s), data=data)

    def _put_off(self, reminder: Reminder) -> None:
        if not self._later:
            self._spawn(self._arm_later())
        if len(self._later) < LATER_LIMIT:
            self._later[(reminder.kind, reminder.id, reminder.cause)] = reminder

    async def _arm_later(self) -> None:
        while self._later:
            await asyncio.sleep(AWAY_FOR.total_seconds())
            tried = list(self._later.items())
            done = await asyncio.gather(
                *(self.arm(reminder) for _, reminder in tried), return_exceptions=True
            )
            for (key, reminder), armed in zip(tried, done, strict=True):
                if isinstance(armed, Armed) and self._later[key] is reminder:
                    del self._later[key]
            _log.debug("armed what was put off", left=len(self._later))

    async def _unschedule(self, name: str) -> None:
        try:
            await self._sidecar.unschedule(name)
        except SidecarError as error:
            _log.debug("job stays, and will find nothing to do", name=name, error=str(error))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
