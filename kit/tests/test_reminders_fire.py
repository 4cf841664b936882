"""Firing reminders: what is due is handled, what goes on is armed again, and nothing gets lost.

Every job goes the way of a real one: the scheduler calls the app's route, and calls again whatever
is not answered 2xx.
"""

import asyncio
from datetime import datetime

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from cafe_kit.memory_jobs import JOB_RETRY
from cafe_kit.reminders import RETRY_AFTER, Reminder
from cafe_kit.sidecar import Unavailable
from kit.tests.desk import KIND, Desk, at, in_virtual_time, reminders_of
from kit.tests.hooks import away, failing
from kit.tests.lamp import SOURCE

RETRY_S, JOB_RETRY_S = RETRY_AFTER.total_seconds(), JOB_RETRY.total_seconds()


def handled(result: str) -> float:
    """Return how many reminders came to this result."""
    labels = {"kind": KIND, "result": result}
    return REGISTRY.get_sample_value("cafe_reminders_total", labels) or 0.0


@in_virtual_time
async def test_a_reminder_is_handled_when_it_is_due_once() -> None:
    desk, done = Desk(), handled("done")
    await desk.arm("a", 60)

    await desk.elapse(59.8)
    assert desk.looks == []

    await desk.elapse(600)
    assert desk.looks == [(60, "a")]
    assert desk.jobs == []
    assert handled("done") == done + 1


@in_virtual_time
async def test_each_reminder_of_a_job_is_handled_at_its_own_time() -> None:
    desk = Desk()

    await asyncio.gather(desk.arm("a", 60), desk.arm("b", 20), desk.arm("c", 20), desk.arm("d", 90))

    await desk.elapse(20)
    assert sorted(desk.looks) == [(20, "b"), (20, "c")]
    assert desk.jobs == [(60, ["a", "d"])]

    await desk.elapse(80)
    assert desk.looks[2:] == [(60, "a"), (90, "d")]
    assert desk.jobs == []


@in_virtual_time
async def test_a_handler_names_the_time_of_the_next_look_until_it_is_done() -> None:
    next_look = iter([10.0, 30.0])
    desk, went_on = Desk(again=lambda _: next(next_look, None)), handled("again")
    await desk.arm("a", 60)

    await desk.elapse(1000)

    assert desk.looks == [(60, "a"), (70, "a"), (100, "a")]
    assert desk.jobs == []
    assert handled("again") == went_on + 2


@in_virtual_time
async def test_what_a_reminder_knows_is_known_at_the_next_look() -> None:
    desk = Desk(again=lambda _: 10.0)
    await desk.reminders.arm(Reminder(kind=KIND, id="a", due=at(60), cause="press-1"))

    await desk.elapse(60)

    [job] = desk.sidecar.jobs.values()
    assert reminders_of(job.data) == [
        {
            "kind": KIND,
            "id": "a",
            "due": "2026-05-04T03:03:11Z",
            "cause": "press-1",
            "retry_at": None,
        }
    ]


@in_virtual_time
async def test_one_that_fails_holds_up_nobody_and_is_handled_again_soon() -> None:
    failures = iter([RuntimeError("bug"), Unavailable("the store is away")])
    desk, failed = Desk(), handled("failed")

    def fail_twice(id_: str) -> None:
        if id_ == "bad" and (error := next(failures, None)) is not None:
            raise error

    desk.again = fail_twice
    await asyncio.gather(*(desk.arm(id_, 60) for id_ in ("good", "bad", "fine")))

    with capture_logs() as lines:
        await desk.elapse(1000)

    assert sorted(desk.looks) == [
        (60, "bad"),
        (60, "fine"),
        (60, "good"),
        (60 + RETRY_S, "bad"),
        (60 + 2 * RETRY_S, "bad"),
    ]
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [(line["event"], line["id"], line["error"]) for line in warnings] == [
        ("reminder failed", "bad", "RuntimeError('bug')"),
        ("reminder failed", "bad", "Unavailable('the store is away')"),
    ]
    assert handled("failed") == failed + 2


@in_virtual_time
async def test_a_look_while_the_store_is_away_is_taken_again_as_what_it_was_meant_for() -> None:
    """Whoever says a thing again before acting on it tells by `due` which of the two it is."""
    desk, meant, next_look = Desk(), list[datetime](), iter([20.0])

    async def look(reminder: Reminder) -> datetime | None:
        meant.append(reminder.due)
        await desk.lamps().get(reminder.id)
        return await desk.look(reminder)

    desk.again = lambda _: next(next_look, None)
    desk.reminders.on(KIND, look)
    await desk.arm("a", 60)
    desk.sidecar.hook = away("get")
    await desk.elapse(60 + RETRY_S)
    assert (desk.looks, desk.jobs) == ([], [(60 + 2 * RETRY_S, ["a"])])

    desk.sidecar.hook = None
    await desk.elapse(60)

    looked_at = 60 + 2 * RETRY_S
    assert meant == [at(60), at(60), at(60), at(looked_at + 20)]
    assert desk.looks == [(looked_at, "a"), (looked_at + 20, "a")]
    assert desk.jobs == []


@in_virtual_time
async def test_one_that_failed_waits_for_its_own_time_although_its_job_fires_before() -> None:
    failures = iter([RuntimeError("bug")])

    def fail_once(id_: str) -> None:
        if id_ == "bad" and (error := next(failures, None)) is not None:
            raise error

    desk = Desk(again=fail_once)
    await asyncio.gather(desk.arm("bad", 60), desk.arm("good", 60 + RETRY_S / 2))

    await desk.elapse(100)

    assert desk.looks == [(60, "bad"), (60 + RETRY_S / 2, "good"), (60 + RETRY_S, "bad")]


@in_virtual_time
async def test_a_reminder_of_an_unknown_kind_is_reported_and_waits_for_who_knows_it() -> None:
    """While replicas are replaced one by one, a job may reach one that is too old, or too new."""
    desk = Desk()
    await desk.arm("a", 1, kind="lamp.new")
    with capture_logs() as lines:
        await desk.elapse(1)
    assert desk.jobs == [(1 + RETRY_S, ["a"])]
    [error] = [line for line in lines if line["log_level"] == "error"]
    assert (error["event"], error["kind"]) == ("reminder of an unknown kind", "lamp.new")

    desk.reminders.on("lamp.new", desk.look)

    await desk.elapse(60)
    assert (desk.looks, desk.jobs) == ([(1 + RETRY_S, "a")], [])


@in_virtual_time
async def test_a_job_whose_reminders_cannot_be_armed_again_comes_again_itself() -> None:
    """The promise outlives the scheduler's answer: nothing may hang on this process alone."""
    desk = Desk(again=lambda _: 10.0)
    await asyncio.gather(desk.arm("due", 60), desk.arm("later", 80))
    desk.sidecar.hook = away("schedule")

    await desk.elapse(60)
    assert desk.jobs == [(60 + JOB_RETRY_S, ["due", "later"])]

    desk.sidecar.hook = None
    desk.again = lambda _: None
    desk.start()
    await desk.elapse(600)
    assert desk.looks == [(60, "due"), (60 + JOB_RETRY_S, "due"), (80, "later")]
    assert desk.jobs == []


@in_virtual_time
async def test_a_job_that_comes_twice_has_one_successor() -> None:
    """The scheduler takes the next look, its answer comes too late, and the job comes again."""
    desk = Desk(again=lambda _: 10.0)
    await desk.arm("a", 60)
    desk.sidecar.hook = failing("schedule", "after", times=3)

    await desk.elapse(600)

    assert len(desk.jobs) == 1


@in_virtual_time
async def test_a_job_that_comes_twice_finds_nothing_to_do_the_second_time() -> None:
    desk = Desk()
    await desk.arm("a", 60)
    [(name, job)] = desk.sidecar.jobs.items()

    await desk.elapse(60)
    desk.sidecar.jobs[name] = job
    await desk.elapse(60)

    assert desk.looks == [(60, "a"), (60, "a")]
    assert desk.jobs == []


@in_virtual_time
async def test_reminders_outlive_the_process_that_armed_them() -> None:
    desk = Desk()
    await desk.arm("a", 60)
    del desk.dapr.apps[SOURCE]
    await desk.elapse(600)
    assert desk.looks == []

    desk.start()

    await desk.elapse(JOB_RETRY_S)
    assert [id_ for _, id_ in desk.looks] == ["a"]
    assert desk.jobs == []


@pytest.mark.parametrize("data", [b"", b"{", b"null", b'{"reminders":[{"id":"a"}]}'])
@in_virtual_time
async def test_a_job_that_makes_no_sense_is_a_bug_and_is_kept(data: bytes) -> None:
    desk = Desk()
    await desk.sidecar.schedule("odd", due_s=0.0, data=data)

    with capture_logs() as lines:
        await desk.elapse(1)

    assert list(desk.sidecar.jobs) == ["odd"]
    assert [line["event"] for line in lines] == ["unexpected error"]
