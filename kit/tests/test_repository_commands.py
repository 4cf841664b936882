"""A person's request is sent once: from the save on, a durable reminder answers for its events.

The reminder is armed before the save and forgotten after the publish; if it fires, it publishes
what the journal holds for that one cause.
"""

import asyncio

import pytest

from cafe_kit.aggregate import Unpublished, Updated, Verdict
from cafe_kit.events import Cause, event_id
from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.reminders import RETRY_AFTER, Reminder
from cafe_kit.sidecar import Conflict, Unavailable
from kit.tests.desk import Desk, at, in_virtual_time, loop_now, reminders_of
from kit.tests.hooks import away, failing
from kit.tests.lamp import (
    GUARD_AFTER,
    SOURCE,
    Dust,
    Glow,
    InstallLit,
    Lamp,
    Press,
    Status,
    Trigger,
)

INSTALL, PRESS = Cause("install-1"), Cause("press-1")
ON = Lamp("lamp-1", Status.ON)
GUARD_S = GUARD_AFTER.total_seconds()
SIDECAR_DEADLINE_S = 5.0
IDS = [
    event_id("lamp-1", "lamp-svc", 1, "lamp.Installed.v1"),
    event_id("lamp-1", "lamp-svc", 2, "lamp.Lit.v1"),
]


def ids(desk: Desk) -> list[str]:
    """Return the ids of the published events, the oldest first."""
    return [event["id"] for event in desk.said]


@in_virtual_time
async def test_the_reminder_is_armed_before_the_save_and_forgotten_after_the_publish() -> None:
    desk, seen = Desk(), list[str]()

    def remember(verb: str, phase: str, _what: str) -> None:
        seen.extend([verb] if phase == "before" else [])

    desk.sidecar.hook = remember
    updated = await desk.lamps().command("lamp-1", InstallLit(), INSTALL)

    assert updated == Updated(Verdict.MOVED, ON, 2)
    await asyncio.sleep(1)
    assert seen == ["schedule", "get", "save", "publish", "publish", "unschedule"]
    assert (ids(desk), desk.jobs) == (IDS, [])


@in_virtual_time
async def test_a_request_for_something_new_needs_no_read() -> None:
    desk = Desk()

    await desk.lamps().command("lamp-1", InstallLit(), INSTALL, expect_new=True)

    assert desk.sidecar.calls["get"] == 0


@in_virtual_time
async def test_the_reminder_knows_the_cause_and_is_due_when_the_publish_is_overdue() -> None:
    desk = Desk()
    desk.sidecar.hook = away("publish")

    await desk.lamps().command("lamp-1", InstallLit(), INSTALL)

    [job] = desk.sidecar.jobs.values()
    [reminder] = reminders_of(job.data)
    assert desk.jobs == [(GUARD_S, ["lamp-1"])]
    assert (reminder["kind"], reminder["cause"]) == ("lamp.publish", "install-1")


@in_virtual_time
async def test_while_the_broker_is_away_the_reminder_answers_for_the_events() -> None:
    desk = Desk()
    desk.sidecar.hook = away("publish")

    updated = await desk.lamps().command("lamp-1", InstallLit(), INSTALL)
    assert updated == Updated(Verdict.MOVED, ON, 2)
    await desk.elapse(GUARD_S + 1)
    assert ids(desk) == []

    desk.sidecar.hook = None
    await desk.elapse(RETRY_AFTER.total_seconds())
    assert (ids(desk), desk.jobs) == (IDS, [])


@in_virtual_time
async def test_the_reminder_says_again_what_its_own_cause_said_and_nothing_else() -> None:
    desk = Desk()
    await desk.lamps().command("lamp-1", InstallLit(), INSTALL)
    desk.sidecar.hook = away("publish")
    await desk.lamps().command("lamp-1", Press(), PRESS)
    desk.sidecar.hook = None
    await desk.lamps().command("lamp-1", Press(), Cause("press-2"))

    await desk.elapse(GUARD_S)

    causes = [event["causationid"] for event in desk.said]
    assert causes == ["install-1", "install-1", "press-2", "press-1"]


@in_virtual_time
async def test_while_the_scheduler_is_away_the_publish_carries_the_request() -> None:
    desk = Desk()
    desk.sidecar.hook = away("schedule", "unschedule")

    updated = await desk.lamps().command("lamp-1", InstallLit(), INSTALL)
    assert updated == Updated(Verdict.MOVED, ON, 2)
    assert ids(desk) == IDS

    desk.sidecar.hook = None
    await desk.elapse(60)
    assert set(ids(desk)) == set(IDS)
    assert desk.jobs == []


@in_virtual_time
async def test_without_broker_and_scheduler_nothing_is_promised_and_the_same_cause_mends_it() -> (
    None
):
    desk = Desk()
    desk.sidecar.hook = away("schedule", "publish")
    with pytest.raises(Unpublished, match="publish: away") as caught:
        await desk.lamps().command("lamp-1", InstallLit(), INSTALL)
    assert caught.value.updated == Updated(Verdict.MOVED, ON, 2)

    desk.sidecar.hook = None
    again = await desk.lamps().command("lamp-1", InstallLit(), INSTALL)

    assert again == Updated(Verdict.DUPLICATE, ON, 2)
    assert ids(desk) == IDS


@in_virtual_time
async def test_the_same_request_again_says_the_same_events_and_leaves_no_reminder() -> None:
    desk = Desk()
    await desk.lamps().command("lamp-1", InstallLit(), INSTALL)

    again = await desk.lamps().command("lamp-1", InstallLit(), INSTALL)

    await asyncio.sleep(1)
    assert again == Updated(Verdict.DUPLICATE, ON, 2)
    assert (ids(desk), desk.jobs) == (IDS + IDS, [])
    assert desk.sidecar.calls["save"] == 1


@pytest.mark.parametrize(
    ("trigger", "verdict"), [(Dust(), Verdict.REFUSED), (Glow(), Verdict.IMPOSSIBLE)]
)
@in_virtual_time
async def test_a_request_that_changes_nothing_leaves_no_reminder(
    trigger: Trigger, verdict: Verdict
) -> None:
    desk = Desk()

    updated = await desk.lamps().command("lamp-1", trigger, INSTALL)

    await asyncio.sleep(1)
    assert (updated.verdict, desk.sidecar.documents, desk.jobs) == (verdict, {}, [])


@pytest.mark.parametrize("error", [Conflict, Unavailable])
@in_virtual_time
async def test_a_save_that_is_tried_again_has_one_reminder(error: type[Exception]) -> None:
    desk = Desk()
    desk.sidecar.hook = failing("save", "before", times=2, error=error)

    updated = await desk.lamps().command("lamp-1", InstallLit(), INSTALL)

    assert updated.moved
    assert (desk.sidecar.calls["schedule"], desk.sidecar.calls["save"]) == (1, 3)
    assert ids(desk) == IDS


@in_virtual_time
async def test_a_request_that_does_not_settle_long_before_its_reminder_is_given_up() -> None:
    """A save after the reminder has fired would have nobody to look after its events."""
    desk = Desk(latency_s=GUARD_S / 4)

    with pytest.raises(Unavailable, match="not settled in time"):
        await desk.lamps().command("lamp-1", InstallLit(), INSTALL)

    assert loop_now() < at(GUARD_S)
    assert desk.sidecar.documents == {}
    desk.latency_s = 0
    assert (await desk.lamps().command("lamp-1", InstallLit(), INSTALL)).moved


class HangingScheduler(MemorySidecar):
    """Schedules nothing, and takes its time to say so."""

    async def schedule(self, name: str, *, due_s: float, data: bytes) -> None:
        await asyncio.sleep(SIDECAR_DEADLINE_S)
        raise Unavailable(f"{name}, due in {due_s} s, with {len(data)} bytes: no answer")


@in_virtual_time
async def test_a_reminder_that_could_not_be_armed_within_its_own_time_binds_nobody() -> None:
    desk = Desk(sidecar_of=lambda dapr: HangingScheduler(dapr, SOURCE))
    watch = Reminder(kind="lamp.watch", id="lamp-1", due=at(SIDECAR_DEADLINE_S - 1))

    updated = await desk.lamps().command("lamp-1", InstallLit(), INSTALL, watch=watch)

    assert updated.moved
    assert ids(desk) == IDS


@in_virtual_time
async def test_a_broker_that_answers_late_does_not_take_the_success_back() -> None:
    desk = Desk()

    def slow_down(verb: str, phase: str, _what: str) -> None:
        if (verb, phase) == ("save", "after"):
            desk.latency_s = GUARD_S

    desk.sidecar.hook = slow_down
    updated = await desk.lamps().command("lamp-1", InstallLit(), INSTALL, expect_new=True)

    assert updated.moved
    assert ids(desk) == IDS
