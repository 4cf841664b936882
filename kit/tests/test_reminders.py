"""Arming reminders: what the scheduler has is never forgotten, and many share one call."""

import asyncio
from collections.abc import Iterable

import pytest
from structlog.testing import capture_logs

from cafe_kit.reminders import GROUP_LIMIT, Armed, Reminder
from cafe_kit.sidecar import Rejected, Unavailable
from kit.tests.desk import KIND, Desk, at, in_virtual_time, reminders_of
from kit.tests.hooks import away, failing


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def slow_desk() -> Desk:
    """Every call takes a second on its way, by which its job is late, and a second back."""
    return Desk(latency_s=1.0)


async def arm_all(desk: Desk, ids: Iterable[str]) -> list[Armed]:
    """Arm reminders at once."""
    return list(await asyncio.gather(*(desk.arm(id_) for id_ in ids)))


@in_virtual_time
async def test_an_armed_reminder_is_a_job_that_knows_all_about_it(desk: Desk) -> None:
    await desk.reminders.arm(Reminder(kind=KIND, id="lamp-1", due=at(60), cause="press-1"))

    [(name, job)] = desk.sidecar.jobs.items()
    assert name.startswith(f"{KIND}-")
    assert job.due == at(60)
    assert reminders_of(job.data) == [
        {
            "kind": KIND,
            "id": "lamp-1",
            "due": "2026-05-04T03:03:01Z",
            "cause": "press-1",
            "retry_at": None,
        }
    ]


@in_virtual_time
async def test_a_reminder_is_armed_only_when_the_scheduler_has_answered(slow_desk: Desk) -> None:
    arming = asyncio.ensure_future(slow_desk.arm("a"))

    await asyncio.sleep(1.9)
    assert not arming.done()

    await asyncio.sleep(0.2)
    assert arming.done()


@in_virtual_time
async def test_reminders_armed_while_a_call_is_under_way_share_the_next_one(
    slow_desk: Desk,
) -> None:
    first = asyncio.ensure_future(slow_desk.arm("first", 70))
    await asyncio.sleep(0.1)

    second = asyncio.ensure_future(slow_desk.arm("b", 60))
    await asyncio.sleep(0.1)
    await asyncio.gather(second, slow_desk.arm("c", 50), slow_desk.arm("d", 55))

    assert first.done()
    assert slow_desk.sidecar.calls["schedule"] == 2
    assert slow_desk.jobs == [(71, ["first"]), (51, ["b", "c", "d"])]


@in_virtual_time
async def test_a_reminder_armed_after_a_call_has_one_of_its_own(desk: Desk) -> None:
    await desk.arm("a")
    await desk.arm("b")

    assert desk.jobs == [(60, ["a"]), (60, ["b"])]


@in_virtual_time
async def test_reminders_of_different_kinds_never_share(slow_desk: Desk) -> None:
    arming = (slow_desk.arm(kind, kind=kind) for kind in ("one", "two", "one", "two"))

    await asyncio.gather(*arming)

    assert slow_desk.jobs == [(61, ["one", "one"]), (61, ["two", "two"])]


@in_virtual_time
async def test_a_job_has_a_limit_and_the_rest_shares_the_next(desk: Desk) -> None:
    await arm_all(desk, map(str, range(GROUP_LIMIT + 1)))

    assert [len(ids) for _, ids in desk.jobs] == [GROUP_LIMIT, 1]


@in_virtual_time
async def test_a_reminder_of_the_past_is_due_at_once(desk: Desk) -> None:
    await asyncio.sleep(10)

    await desk.arm("late", 3)

    assert desk.jobs == [(10, ["late"])]


@in_virtual_time
async def test_a_caller_that_has_left_holds_up_nobody(slow_desk: Desk) -> None:
    leaving = asyncio.ensure_future(slow_desk.arm("leaving"))
    staying = asyncio.ensure_future(slow_desk.arm("staying"))
    await asyncio.sleep(0.1)

    leaving.cancel()

    assert await staying
    assert slow_desk.jobs == [(61, ["leaving", "staying"])]


@in_virtual_time
async def test_a_forgotten_reminder_takes_its_job_with_it(desk: Desk) -> None:
    armed = await desk.arm("a")

    armed.forget()

    await asyncio.sleep(1)
    assert desk.jobs == []


@in_virtual_time
async def test_a_shared_job_stays_until_the_last_of_it_is_forgotten(desk: Desk) -> None:
    *some, last = await arm_all(desk, "abc")

    for armed in some:
        armed.forget()
    await asyncio.sleep(1)
    assert len(desk.jobs) == 1

    last.forget()
    await asyncio.sleep(1)
    assert desk.jobs == []
    assert desk.sidecar.calls["unschedule"] == 1


@in_virtual_time
async def test_forgetting_while_the_scheduler_is_away_fails_nobody(desk: Desk) -> None:
    armed = await desk.arm("a")
    desk.sidecar.hook = away("unschedule")

    with capture_logs() as lines:
        armed.forget()
        await asyncio.sleep(1)

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("job stays, and will find nothing to do", "debug")
    ]
    await desk.elapse(61)
    assert desk.looks == [(60, "a")]
    assert desk.jobs == []


@pytest.mark.parametrize("error", [Unavailable, Rejected, RuntimeError])
@in_virtual_time
async def test_whatever_a_call_fails_with_everybody_who_shares_it_is_told(
    slow_desk: Desk, error: type[Exception]
) -> None:
    slow_desk.sidecar.hook = failing("schedule", "before", error=error)
    leaving = asyncio.ensure_future(slow_desk.arm("leaving"))
    staying = [asyncio.ensure_future(slow_desk.arm(id_)) for id_ in "ab"]
    await asyncio.sleep(0.1)

    leaving.cancel()
    told = await asyncio.gather(*staying, return_exceptions=True)

    assert [type(each) for each in told] == [error, error]
    assert slow_desk.sidecar.calls["schedule"] == 1
