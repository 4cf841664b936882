"""Wherever a process ends in a request, what it had saved is said in the end, and only that.

Nobody sends the request again: its reminder alone has to see to it.
"""

from dataclasses import dataclass

import pytest

from cafe_kit.aggregate import Updated
from cafe_kit.events import Cause
from cafe_kit.reminders import Reminder
from cafe_kit.sidecar import Rejected, SidecarError, Unavailable
from kit.tests.desk import Desk, at, in_virtual_time
from kit.tests.lamp import InstallLit, Lamp

CAUSE = Cause("install-1")
CALLS = [
    ("schedule", "before", 1),
    ("schedule", "after", 1),
    ("get", "before", 1),
    ("save", "before", 1),
    ("save", "after", 1),
    ("publish", "before", 1),
    ("publish", "after", 1),
    ("publish", "before", 2),
    ("publish", "after", 2),
    ("unschedule", "before", 1),
    ("unschedule", "after", 1),
]


class CrashError(Exception):
    """The process is no more."""


@dataclass(slots=True)
class Fault:
    """A hook that raises `error` at the `number`th call of a verb; a process stays ended."""

    verb: str
    phase: str
    number: int
    error: type[Exception]
    ended: bool = False

    def __call__(self, verb: str, phase: str, _what: str) -> None:
        """See one call."""
        if self.ended:
            raise CrashError
        if (verb, phase) == (self.verb, self.phase):
            self.number -= 1
            if self.number == 0:
                self.ended = self.error is CrashError
                raise self.error("hurt by the test")


async def install(desk: Desk, fault: Fault) -> Updated[Lamp] | None:
    """Send the request once; None: it was not answered, or not well."""
    desk.sidecar.hook = fault
    try:
        return await desk.lamps().command("lamp-1", InstallLit(), CAUSE)
    except (SidecarError, CrashError):
        return None


async def look_again(desk: Desk) -> None:
    """Start the process again, and let pass the time in which reminders do their work."""
    await desk.reminders.close()
    desk.sidecar.hook = None
    desk.start()
    desk.lamps()
    await desk.elapse(60)


def versions(desk: Desk) -> set[int]:
    """Return the versions the published events speak of."""
    return {event["data"]["version"] for event in desk.said}


@pytest.mark.parametrize(("verb", "phase", "number"), CALLS)
@in_virtual_time
async def test_what_was_saved_before_the_process_ended_is_said_and_nothing_else(
    verb: str, phase: str, number: int
) -> None:
    desk = Desk()
    await install(desk, Fault(verb, phase, number, CrashError))
    saved = bool(desk.sidecar.documents)

    await look_again(desk)

    assert versions(desk) == ({1, 2} if saved else set[int]())
    assert desk.jobs == []


@pytest.mark.parametrize("error", [Unavailable, Rejected])
@pytest.mark.parametrize(("verb", "phase", "number"), CALLS)
@in_virtual_time
async def test_after_one_failed_call_a_success_is_kept_and_a_failure_leaves_no_half(
    verb: str, phase: str, number: int, error: type[Exception]
) -> None:
    desk = Desk()
    updated = await install(desk, Fault(verb, phase, number, error))
    saved = bool(desk.sidecar.documents)
    assert saved or updated is None

    await look_again(desk)

    assert versions(desk) == ({1, 2} if saved else set[int]())
    assert desk.jobs == []


@in_virtual_time
async def test_the_very_same_events_come_out_after_a_crash() -> None:
    unhurt, crashed = Desk(), Desk()
    await unhurt.lamps().command("lamp-1", InstallLit(), CAUSE)

    await install(crashed, Fault("publish", "before", 1, CrashError))
    assert crashed.said == []
    await look_again(crashed)

    assert crashed.said == unhurt.said


@in_virtual_time
async def test_a_reminder_that_fires_twice_says_the_same_events_twice() -> None:
    desk = Desk()
    await install(desk, Fault("publish", "before", 1, CrashError))
    jobs = dict(desk.sidecar.jobs)
    await look_again(desk)
    first = desk.said

    desk.sidecar.jobs.update(jobs)
    await look_again(desk)

    assert desk.said == first * 2


@in_virtual_time
async def test_a_reminder_of_what_was_never_saved_says_nothing() -> None:
    desk = Desk()
    await desk.reminders.arm(Reminder(kind="lamp.publish", id="lamp-1", due=at(1), cause=CAUSE.id))

    await look_again(desk)

    assert (desk.said, desk.jobs) == ([], [])
