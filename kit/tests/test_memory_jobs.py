"""The scheduler in memory fires nothing before its time, and everything in the end."""

from cafe_kit.memory_jobs import JOB_RETRY
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Reply
from kit.tests.lamp import ManualClock


async def test_jobs_are_fired_in_the_sequence_they_are_due_and_none_before(
    dapr: MemoryDapr, sidecar: MemorySidecar, clock: ManualClock
) -> None:
    fired: list[str] = []

    async def note(_: str, target: str, *__: object) -> Reply:
        fired.append(target)
        return Reply(204, b"")

    dapr.apps[sidecar.app_id] = note
    await sidecar.schedule("late", due_s=30.0, data=b"{}")
    await sidecar.schedule("soon", due_s=10.0, data=b"{}")
    await sidecar.schedule("later", due_s=31.0, data=b"{}")

    clock.advance(30)
    while await dapr.jobs.fire_due():
        pass

    assert fired == ["/job/soon", "/job/late"]
    assert list(sidecar.jobs) == ["later"]


async def test_a_job_that_was_not_answered_well_is_fired_again_later(
    dapr: MemoryDapr, sidecar: MemorySidecar, clock: ManualClock
) -> None:
    await sidecar.schedule("job", due_s=0.0, data=b"{}")

    assert await dapr.jobs.fire_due()
    assert not await dapr.jobs.fire_due()
    clock.advance(JOB_RETRY.total_seconds())

    assert await dapr.jobs.fire_due()


async def test_replicas_of_an_app_share_its_jobs(dapr: MemoryDapr, sidecar: MemorySidecar) -> None:
    await sidecar.schedule("job", due_s=1.0, data=b"{}")

    await dapr.sidecar(sidecar.app_id).unschedule("job")

    assert dapr.jobs.next_due() is None
