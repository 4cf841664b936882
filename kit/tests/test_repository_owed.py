"""A scheduler that is away must not cost an aggregate its deadlines.

The document remembers what could not be armed, and its next input arms it.
"""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from cafe_kit.aggregate import Unpublished, Verdict
from cafe_kit.events import Cause
from cafe_kit.reminders import AWAY_FOR, Reminder
from cafe_kit.sidecar import Conflict, Unavailable
from kit.tests.desk import KIND, Desk, at, in_virtual_time
from kit.tests.hooks import away, failing
from kit.tests.lamp import Glow, Install, Lamp, Press, Status, Trigger

INSTALL, PRESS, OTHER = Cause("install-1"), Cause("press-1"), Cause("press-2")
OFF = Lamp("lamp-1", Status.OFF)
WATCH = Reminder(kind=KIND, id="lamp-1", due=at(60))
MORE = Reminder(kind=KIND, id="more", due=at(90))
AWAY_S = AWAY_FOR.total_seconds()


def unarmed(desk: Desk) -> list[dict[str, Any]]:
    """Return the reminders that the document remembers."""
    document, _ = desk.sidecar.documents["lamp:lamp-1"]
    return document["unarmed"]


async def install_while_away(desk: Desk, *verbs: str) -> None:
    """Install a lamp with a watch while these verbs fail; the process ends with its answer."""
    desk.sidecar.hook = away(*verbs)
    with suppress(Unpublished):
        await desk.lamps().command("lamp-1", Install(), INSTALL, watch=WATCH)
    await desk.reminders.close()
    desk.sidecar.hook = None
    desk.start()


@in_virtual_time
async def test_a_watch_that_could_not_be_armed_is_remembered_by_its_document() -> None:
    desk = Desk()

    await install_while_away(desk, "schedule")

    assert unarmed(desk) == [WATCH.model_dump(mode="json")]
    assert desk.jobs == []


@in_virtual_time
async def test_a_scheduler_known_to_be_away_is_not_asked_before_its_watch_is_remembered() -> None:
    desk = Desk()
    desk.sidecar.hook = away("schedule")
    with pytest.raises(Unavailable):
        await desk.arm("other")

    await desk.lamps().command("lamp-1", Install(), INSTALL, watch=WATCH)

    assert unarmed(desk) == [WATCH.model_dump(mode="json")]
    assert desk.sidecar.calls["schedule"] == 1


@in_virtual_time
async def test_the_guard_of_a_publish_is_remembered_too() -> None:
    """A crash may come before the publish, and then only the next input can arm it."""
    desk = Desk()
    desk.sidecar.hook = away("schedule")

    await desk.lamps().command("lamp-1", Install(), INSTALL)

    assert [reminder["cause"] for reminder in unarmed(desk)] == [INSTALL.id]


@in_virtual_time
async def test_the_next_input_arms_what_its_document_remembers() -> None:
    desk = Desk()
    await install_while_away(desk, "schedule")

    await desk.lamps().update("lamp-1", Press(), PRESS)
    await desk.lamps().update("lamp-1", Press(), OTHER)

    assert unarmed(desk) == []
    assert desk.jobs == [(60, ["lamp-1"])]


@pytest.mark.parametrize(
    ("trigger", "cause", "verdict"),
    [
        (Install(), INSTALL, Verdict.DUPLICATE),
        (Install(), OTHER, Verdict.IGNORED),
        (Glow(), OTHER, Verdict.IMPOSSIBLE),
    ],
)
@in_virtual_time
async def test_an_input_that_changes_nothing_arms_what_its_document_remembers(
    trigger: Trigger, cause: Cause, verdict: Verdict
) -> None:
    """Else a request that is repeated until it succeeds would have no watch in the end."""
    desk = Desk()
    await install_while_away(desk, "schedule", "publish")

    for _ in range(3):
        updated = await desk.lamps().command("lamp-1", trigger, cause, watch=WATCH)
        assert (updated.verdict, updated.state, updated.version) == (verdict, OFF, 1)

    await asyncio.sleep(1)
    assert unarmed(desk) == []
    assert desk.jobs == [(60, ["lamp-1"])]


@in_virtual_time
async def test_what_is_armed_and_cannot_be_forgotten_is_armed_by_the_next_repetition() -> None:
    """Two watches do no harm, none does."""
    desk = Desk()
    await install_while_away(desk, "schedule")
    desk.sidecar.hook = failing("save", "before", error=Conflict)

    for _ in range(3):
        await desk.lamps().update("lamp-1", Install(), INSTALL)

    assert unarmed(desk) == []
    assert desk.jobs == [(60, ["lamp-1"])] * 2


@in_virtual_time
async def test_while_the_scheduler_is_away_a_repetition_saves_nothing() -> None:
    desk = Desk()
    await install_while_away(desk, "schedule")
    desk.sidecar.hook = away("schedule")

    assert not (await desk.lamps().update("lamp-1", Install(), INSTALL)).moved

    assert desk.sidecar.calls["save"] == 1
    assert len(unarmed(desk)) == 1


@in_virtual_time
async def test_while_the_scheduler_is_away_a_document_forgets_nothing() -> None:
    desk = Desk()
    await install_while_away(desk, "schedule")
    desk.sidecar.hook = away("schedule")

    await desk.lamps().update("lamp-1", Press(), PRESS, unarmed=[MORE])

    assert [reminder["id"] for reminder in unarmed(desk)] == ["lamp-1", "more"]
    desk.sidecar.hook = None
    await asyncio.sleep(AWAY_S)
    await desk.lamps().update("lamp-1", Press(), OTHER)
    assert unarmed(desk) == []
    assert sorted(desk.jobs) == [(60, ["lamp-1"]), (90, ["more"])]
