"""Reminders that stay with a document: armed with the request that makes it need them.

A watch takes the place of the guard that would be forgotten after the publish, and does its work.
"""

import asyncio
from collections.abc import Callable

import pytest

from cafe_kit.aggregate import Unpublished, Updated, Verdict
from cafe_kit.events import Cause
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.reminders import Reminder
from cafe_kit.sidecar import Unavailable
from kit.tests.desk import KIND, Desk, at, in_virtual_time, loop_now
from kit.tests.hooks import away
from kit.tests.lamp import GUARD_AFTER, Dust, Install, Lamp, Press, Status
from kit.tests.overtaken import LateSidecar, OvertakenSidecar

INSTALL, PRESS, OTHER = Cause("install-1"), Cause("press-1"), Cause("press-2")
OFF = Lamp("lamp-1", Status.OFF)
WATCH = Reminder(kind=KIND, id="lamp-1", due=at(60))
GUARD_S = GUARD_AFTER.total_seconds()


def written_over(dapr: MemoryDapr) -> MemorySidecar:
    """Return a sidecar whose first save is not answered before another replica's next one."""
    return OvertakenSidecar(dapr, "after", Press(), OTHER)


@in_virtual_time
async def test_a_watch_is_armed_before_the_save_and_stays() -> None:
    desk = Desk()

    await desk.lamps().command("lamp-1", Install(), INSTALL, watch=WATCH)

    await asyncio.sleep(1)
    assert desk.jobs == [(60, ["lamp-1"])]
    assert desk.sidecar.calls["schedule"] == 1
    await desk.elapse(60)
    assert desk.looks == [(60, "lamp-1")]


@in_virtual_time
async def test_events_that_could_not_be_said_do_not_wait_for_the_watch() -> None:
    desk = Desk()
    desk.sidecar.hook = away("publish")

    updated = await desk.lamps().command("lamp-1", Install(), INSTALL, watch=WATCH)

    assert updated == Updated(Verdict.MOVED, OFF, 1)
    assert desk.jobs == [(60, ["lamp-1"]), (GUARD_S, ["lamp-1"])]
    desk.sidecar.hook = None
    await desk.elapse(GUARD_S + 1)
    assert len(desk.said) == 1
    assert desk.jobs == [(60, ["lamp-1"])]


@pytest.mark.parametrize("expect_new", [False, True])
@in_virtual_time
async def test_a_request_that_changes_nothing_needs_no_watch(*, expect_new: bool) -> None:
    desk = Desk()
    await desk.lamps().update("lamp-1", Press(), PRESS)

    for trigger, cause in ((Dust(), OTHER), (Install(), INSTALL), (Press(), PRESS)):
        updated = await desk.lamps().command(
            "lamp-1", trigger, cause, watch=WATCH, expect_new=expect_new
        )
        assert not updated.moved

    await asyncio.sleep(1)
    assert desk.jobs == []


@pytest.mark.parametrize("expect_new", [False, True])
@pytest.mark.parametrize("sidecar_of", [LateSidecar, written_over])
@in_virtual_time
async def test_a_watch_stays_however_late_its_own_save_is_known(
    sidecar_of: Callable[[MemoryDapr], MemorySidecar], *, expect_new: bool
) -> None:
    """It would be the only one: the request that made the document would leave it without."""
    desk = Desk(sidecar_of=sidecar_of)

    updated = await desk.lamps().command(
        "lamp-1", Install(), INSTALL, watch=WATCH, expect_new=expect_new
    )

    await asyncio.sleep(1)
    assert updated.moved
    assert desk.jobs == [(60, ["lamp-1"])]


@pytest.mark.parametrize(("due_s", "latency_s"), [(4, 1.5), (60, GUARD_S / 4)])
@in_virtual_time
async def test_a_request_that_does_not_settle_long_before_its_watch_or_guard_is_given_up(
    due_s: float, latency_s: float
) -> None:
    """A watch that fires before the save finds nothing to look after, and is gone."""
    desk = Desk(latency_s=latency_s)
    watch = WATCH.model_copy(update={"due": at(due_s)})

    with pytest.raises(Unavailable, match="not settled in time"):
        await desk.lamps().command("lamp-1", Install(), INSTALL, watch=watch)

    assert loop_now() < at(min(due_s, GUARD_S))
    assert desk.sidecar.documents == {}


@in_virtual_time
async def test_without_broker_and_scheduler_a_request_with_a_watch_promises_nothing() -> None:
    desk = Desk()
    desk.sidecar.hook = away("schedule", "publish")

    with pytest.raises(Unpublished):
        await desk.lamps().command("lamp-1", Install(), INSTALL, watch=WATCH)


@in_virtual_time
async def test_what_the_journal_holds_is_said_again_for_one_cause_or_for_all() -> None:
    desk = Desk()
    for trigger, cause in ((Install(), INSTALL), (Press(), PRESS), (Press(), OTHER)):
        await desk.lamps().update("lamp-1", trigger, cause)
    first = desk.said

    await desk.lamps().republish("lamp-1")
    assert desk.said == first * 2

    await desk.lamps().republish("lamp-1", PRESS)
    assert desk.said == [*first * 2, first[1]]

    await desk.lamps().republish("lamp-1", Cause("unheard of"))
    await desk.lamps().republish("lamp-2")
    assert len(desk.said) == 7


@in_virtual_time
async def test_saying_again_fails_when_the_broker_is_away() -> None:
    desk = Desk()
    await desk.lamps().update("lamp-1", Install(), INSTALL)
    desk.sidecar.hook = away("publish")

    with pytest.raises(Unavailable):
        await desk.lamps().republish("lamp-1")
