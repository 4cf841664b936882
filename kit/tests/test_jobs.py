"""`POST /job/{name}`: what the scheduler is answered decides whether it forgets a job.

2xx and 404 delete it, so 2xx is given only once everything is done or armed again, and 404 never.
"""

import asyncio

import pytest
from structlog.testing import capture_logs

from cafe_kit.reminders import AWAY_FOR, FIRING_LIMIT, HANDS, Reminder
from cafe_kit.sidecar import Reply
from kit.tests.desk import KIND, Desk, at, in_virtual_time
from kit.tests.hooks import away
from kit.tests.lamp import SOURCE
from kit.tests.lamp_service import SETTINGS, lamp_app


async def fire(desk: Desk, name: str, body: bytes) -> Reply:
    """Call a job as the scheduler does."""
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    return await desk.dapr.apps[SOURCE]("POST", f"/job/{name}", body, headers)


async def armed(desk: Desk, *ids: str, kind: str = KIND) -> bytes:
    """Return the data of a job with these reminders, all of them due."""
    await asyncio.gather(*(desk.arm(id_, 0, kind) for id_ in ids))
    [(name, job)] = desk.sidecar.jobs.items()
    del desk.sidecar.jobs[name]
    return job.data


@pytest.mark.parametrize("name", ["lamp.check-1", "LAMP", "a b", "주문", "404"])
@in_virtual_time
async def test_a_job_of_any_name_is_handled_and_answered_without_a_body(name: str) -> None:
    desk = Desk()

    reply = await fire(desk, name, await armed(desk, "a", "b"))

    assert (reply.status, reply.body) == (204, b"")
    assert sorted(id_ for _, id_ in desk.looks) == ["a", "b"]


@in_virtual_time
async def test_a_job_is_done_although_its_handler_failed_because_it_is_armed_again() -> None:
    def fail(_: str) -> None:
        raise RuntimeError("bug")

    desk = Desk(again=fail)

    assert (await fire(desk, "job", await armed(desk, "a"))).status == 204

    assert [ids for _, ids in desk.jobs] == [["a"]]


@in_virtual_time
async def test_a_job_whose_kind_nobody_knows_is_done_because_it_is_armed_again() -> None:
    desk = Desk()

    reply = await fire(desk, "job", await armed(desk, "a", kind="lamp.gone"))

    assert reply.status == 204
    assert [ids for _, ids in desk.jobs] == [["a"]]


@in_virtual_time
async def test_a_job_is_not_done_before_all_that_goes_on_is_armed_again() -> None:
    desk = Desk(again=lambda _: 10.0)
    body = await armed(desk, "a")
    desk.sidecar.hook = away("schedule")

    reply = await fire(desk, "job", body)
    assert reply.status == 503

    desk.sidecar.hook = None
    await asyncio.sleep(AWAY_FOR.total_seconds())
    assert (await fire(desk, "job", body)).status == 204
    assert [ids for _, ids in desk.jobs] == [["a"]]


@in_virtual_time
async def test_a_job_that_makes_no_sense_is_a_bug_and_not_unknown() -> None:
    with capture_logs() as lines:
        assert (await fire(Desk(), "job", b"not JSON")).status == 500

    assert [line["event"] for line in lines] == ["unexpected error"]


@in_virtual_time
async def test_a_job_is_handled_whatever_the_limit_on_bodies() -> None:
    """A 413 would have it called again for ever, and the reminders in it never handled."""
    desk = Desk()
    ids = [f"lamp-{number}" for number in range(50)]
    body = await armed(desk, *ids)
    assert len(body) > SETTINGS.max_body_bytes

    assert (await fire(desk, "job", body)).status == 204

    assert {id_ for _, id_ in desk.looks} == set(ids)


@in_virtual_time
async def test_the_background_of_the_reminders_ends_with_the_app() -> None:
    desk = Desk()
    desk.sidecar.hook = away("schedule")
    app = lamp_app(desk.sidecar, desk.dapr.clock, reminders=desk.reminders)

    async with app.router.lifespan_context(app):
        await desk.reminders.arm_or_later(Reminder(kind=KIND, id="a", due=at(60)))

    assert len(asyncio.all_tasks()) == 1


class Slow:
    """A handler that takes a second; `most` is how many it has handled at once."""

    def __init__(self, desk: Desk) -> None:
        self.done: list[str] = []
        self.most = 0
        self._under_way = 0
        desk.reminders.on(KIND, self)

    async def __call__(self, reminder: Reminder) -> None:
        """Handle a reminder."""
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(1)
        self._under_way -= 1
        self.done.append(reminder.id)


@in_virtual_time
async def test_a_job_that_is_being_handled_is_not_handled_beside_itself() -> None:
    desk = Desk()
    slow, job = Slow(desk), await armed(desk, "a")
    first = asyncio.create_task(fire(desk, "job", job))
    await asyncio.sleep(0.5)

    beside = await fire(desk, "job", job)

    assert (beside.status, (await first).status, slow.done) == (503, 204, ["a"])
    assert (await fire(desk, "job", job)).status == 204


@in_virtual_time
async def test_of_too_many_jobs_at_once_the_rest_is_asked_to_come_again() -> None:
    desk = Desk()
    slow, job = Slow(desk), await armed(desk, "a")

    replies = await asyncio.gather(
        *(fire(desk, f"job-{number}", job) for number in range(FIRING_LIMIT + 3))
    )

    assert [reply.status for reply in replies] == [204] * FIRING_LIMIT + [503] * 3
    assert len(slow.done) == FIRING_LIMIT
    assert (await fire(desk, "one-more", job)).status == 204


@in_virtual_time
async def test_of_the_reminders_of_all_jobs_only_so_many_are_handled_at_once() -> None:
    desk = Desk()
    ids = [str(number) for number in range(2 * HANDS + 1)]
    slow, job = Slow(desk), await armed(desk, *ids)

    replies = await asyncio.gather(fire(desk, "job-1", job), fire(desk, "job-2", job))

    assert [reply.status for reply in replies] == [204, 204]
    assert sorted(slow.done) == sorted(ids * 2)
    assert slow.most == HANDS
