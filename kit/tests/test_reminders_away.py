"""A scheduler that is away: nobody waits for it, and what it did not take is armed later."""

import asyncio

import pytest
from structlog.testing import capture_logs

from cafe_kit.reminders import AWAY_FOR, GROUP_LIMIT, LATER_LIMIT, Reminder
from cafe_kit.sidecar import SidecarError, Unavailable
from kit.tests.desk import KIND, Desk, at, in_virtual_time, loop_now
from kit.tests.hooks import away, failing

AWAY_S = AWAY_FOR.total_seconds()


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def put_off(desk: Desk, id_: str, due_s: float = 60, kind: str = KIND) -> None:
    """Arm a reminder that the scheduler does not take now."""
    assert await desk.reminders.arm_or_later(Reminder(kind=kind, id=id_, due=at(due_s))) is None


@in_virtual_time
async def test_while_the_scheduler_is_away_nobody_waits_for_it() -> None:
    slow_desk = Desk(latency_s=1.0)
    slow_desk.sidecar.hook = failing("schedule", "before")
    with pytest.raises(Unavailable, match="hurt by the test"):
        await slow_desk.arm("first")
    failed_at = loop_now()

    for _ in range(3):
        with pytest.raises(Unavailable, match="a moment ago"):
            await slow_desk.arm("second")

    assert loop_now() == failed_at
    assert slow_desk.sidecar.calls["schedule"] == 1


@in_virtual_time
async def test_when_a_call_fails_all_that_wait_behind_it_are_told_with_it() -> None:
    """Else each full group would wait for a scheduler that hangs in a call of its own."""
    slow_desk = Desk(latency_s=1.0)
    slow_desk.sidecar.hook = failing("schedule", "before")
    first = asyncio.ensure_future(slow_desk.arm("first"))
    await asyncio.sleep(0.5)

    behind = (slow_desk.arm(str(number)) for number in range(GROUP_LIMIT + 1))
    told = await asyncio.gather(first, *behind, return_exceptions=True)

    assert [type(each) for each in told] == [Unavailable] * (GROUP_LIMIT + 2)
    assert loop_now() == at(1)
    assert slow_desk.sidecar.calls["schedule"] == 1


@in_virtual_time
async def test_after_a_while_the_scheduler_is_asked_again(desk: Desk) -> None:
    desk.sidecar.hook = failing("schedule", "before")
    with pytest.raises(Unavailable):
        await desk.arm("a")

    await asyncio.sleep(AWAY_S - 0.1)
    with pytest.raises(Unavailable):
        await desk.arm("a")
    await asyncio.sleep(0.1)
    await desk.arm("a")

    assert desk.jobs == [(60, ["a"])]


@in_virtual_time
async def test_what_can_be_armed_now_is_not_armed_later(desk: Desk) -> None:
    armed = await desk.reminders.arm_or_later(Reminder(kind=KIND, id="a", due=at(60)))

    assert armed is not None
    await asyncio.sleep(2 * AWAY_S)
    assert desk.sidecar.calls["schedule"] == 1


@pytest.mark.parametrize("failures", [1, 2, 5])
@in_virtual_time
async def test_what_cannot_be_armed_now_is_armed_in_the_background(
    desk: Desk, failures: int
) -> None:
    desk.sidecar.hook = failing("schedule", "before", times=failures)
    with capture_logs() as lines:
        armed = await desk.reminders.arm_or_later(Reminder(kind=KIND, id="a", due=at(60)))

    assert armed is None
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("reminder not armed yet", "warning")
    ]
    await asyncio.sleep(failures * AWAY_S - 0.1)
    assert desk.jobs == []
    await asyncio.sleep(0.2 + 3 * AWAY_S)
    assert desk.jobs == [(60, ["a"])]


@in_virtual_time
async def test_however_much_is_put_off_one_task_in_the_background_arms_it(desk: Desk) -> None:
    desk.sidecar.hook = away("schedule")
    ids = [f"lamp-{number}" for number in range(100)]

    for id_ in ids:
        await put_off(desk, id_)

    assert len(asyncio.all_tasks()) == 2
    desk.sidecar.hook = None
    await asyncio.sleep(AWAY_S + 0.1)
    assert desk.jobs == [(60, ids)]
    assert len(asyncio.all_tasks()) == 1


@in_virtual_time
async def test_what_is_put_off_more_than_once_is_armed_once(desk: Desk) -> None:
    """A repeated input puts off its reminder each time, and each would start a chain."""
    desk.sidecar.hook = away("schedule")
    for _ in range(30):
        await put_off(desk, "a")
        await asyncio.sleep(1)

    desk.sidecar.hook = None

    await asyncio.sleep(2 * AWAY_S)
    assert desk.jobs == [(60, ["a"])]


@in_virtual_time
async def test_what_is_put_off_anew_while_it_is_armed_is_armed_anew(desk: Desk) -> None:
    """One task arms all kinds, and a call for another may still be under way."""

    def slow_down(_verb: str, _phase: str, name: str) -> None:
        desk.latency_s = 1.0 if name.startswith("slow") else 0.0

    desk.sidecar.hook = away("schedule")
    await put_off(desk, "a")
    await put_off(desk, "b", kind="slow")
    desk.sidecar.hook = slow_down
    await asyncio.sleep(AWAY_S + 0.1)

    desk.sidecar.hook, desk.latency_s = away("schedule"), 0.0
    await put_off(desk, "a", 90)
    desk.sidecar.hook = None

    await asyncio.sleep(4 * AWAY_S)
    assert desk.jobs == [(60, ["a"]), (60, ["b"]), (90, ["a"])]


@in_virtual_time
async def test_what_is_put_off_has_a_limit(desk: Desk) -> None:
    desk.sidecar.hook = away("schedule")
    with capture_logs():
        for number in range(LATER_LIMIT + 1):
            await put_off(desk, str(number))
        desk.sidecar.hook = None
        await asyncio.sleep(AWAY_S + 0.1)

    armed = [id_ for _, ids in desk.jobs for id_ in ids]
    assert armed == [str(number) for number in range(LATER_LIMIT)]


@in_virtual_time
async def test_a_bug_is_not_taken_for_a_scheduler_that_is_away(desk: Desk) -> None:
    desk.sidecar.hook = failing("schedule", "before", error=RuntimeError)

    with pytest.raises(RuntimeError):
        await desk.reminders.arm_or_later(Reminder(kind=KIND, id="a", due=at(60)))

    await asyncio.sleep(2 * AWAY_S)
    assert desk.sidecar.calls["schedule"] == 1


@in_virtual_time
async def test_closing_ends_what_goes_on_in_the_background(desk: Desk) -> None:
    desk.sidecar.hook = failing("schedule", "before", error=SidecarError)
    await desk.reminders.arm_or_later(Reminder(kind=KIND, id="a", due=at(60)))

    await desk.reminders.close()

    await asyncio.sleep(2 * AWAY_S)
    assert desk.sidecar.calls["schedule"] == 1
    assert len(asyncio.all_tasks()) == 1
