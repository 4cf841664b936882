"""What the sidecar in memory can do that no real one would: faults at every call, and counts.

That it otherwise behaves like the real one is the business of kit/tests/sidecar_contract.
"""

import json
from datetime import timedelta

import pytest

from cafe_kit.memory_jobs import JOB_RETRY, Job
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Reply, Unavailable, Write
from kit.tests.lamp import NOW


async def succeed(*_: object) -> Reply:
    return Reply(200, b"")


async def test_stored_objects_come_back_with_their_keys_in_any_sequence(
    sidecar: MemorySidecar,
) -> None:
    await sidecar.save(
        Write("k", json.dumps({"list": [dict.fromkeys("abcdef", 1)]}).encode(), None)
    )

    seen = {stored.value for _ in range(20) if (stored := await sidecar.get("k"))}

    assert len(seen) > 1
    assert all(json.loads(value) == {"list": [dict.fromkeys("abcdef", 1)]} for value in seen)


async def test_the_hook_sees_every_call_before_and_every_effect_after(
    sidecar: MemorySidecar, dapr: MemoryDapr
) -> None:
    seen: list[tuple[str, str, str]] = []

    def remember(verb: str, phase: str, what: str) -> None:
        seen.append((verb, phase, what))

    sidecar.hook = remember
    dapr.apps["hearer"] = succeed

    await sidecar.get("k")
    await sidecar.get_many(["k", "l"])
    await sidecar.save(Write("k", b"1", None))
    await sidecar.save_many([Write("l", b"1", None), Write("m", b"1", None)])
    await sidecar.publish("topic", b"{}")
    await sidecar.invoke("hearer", "/path")
    await sidecar.schedule("job", due_s=1.0, data=b"{}")
    await sidecar.unschedule("job")
    await sidecar.metadata()
    await sidecar.breakers()

    assert seen == [
        ("get", "before", "k"),
        ("get_many", "before", "k,l"),
        ("save", "before", "k"),
        ("save", "after", "k"),
        ("save_many", "before", "l,m"),
        ("save_many", "after", "l,m"),
        ("publish", "before", "topic"),
        ("publish", "after", "topic"),
        ("invoke", "before", "hearer/path"),
        ("invoke", "after", "hearer/path"),
        ("schedule", "before", "job"),
        ("schedule", "after", "job"),
        ("unschedule", "before", "job"),
        ("unschedule", "after", "job"),
        ("metadata", "before", ""),
        ("breakers", "before", ""),
    ]
    assert sidecar.calls == dict.fromkeys({verb for verb, _, _ in seen}, 1)


@pytest.mark.parametrize(("phase", "stored"), [("before", False), ("after", True)])
async def test_a_fault_after_the_effect_leaves_the_effect(
    sidecar: MemorySidecar, phase: str, *, stored: bool
) -> None:
    def fail(_verb: str, at: str, _what: str) -> None:
        if at == phase:
            raise Unavailable("hurt by the test")

    sidecar.hook = fail
    with pytest.raises(Unavailable):
        await sidecar.save(Write("k", b"1", None))

    assert ("k" in sidecar.documents) is stored


async def test_each_app_has_a_store_of_its_own(dapr: MemoryDapr) -> None:
    one, two = dapr.sidecar("one"), dapr.sidecar("two")

    await one.save(Write("k", b"1", None))

    assert await two.get("k") is None


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_a_job_armed_again_by_its_own_call_stays_armed(
    dapr: MemoryDapr, sidecar: MemorySidecar, status: int
) -> None:
    async def arm_again(*_: object) -> Reply:
        await sidecar.schedule("job", due_s=2.0, data=b'"second"')
        return Reply(status, b"")

    dapr.apps[sidecar.app_id] = arm_again
    await sidecar.schedule("job", due_s=1.0, data=b'"first"')

    await sidecar.fire("job")

    assert sidecar.jobs == {"job": Job(NOW + timedelta(seconds=2), b'"second"')}


async def test_a_job_of_an_app_that_is_away_waits_for_it(
    dapr: MemoryDapr, sidecar: MemorySidecar
) -> None:
    async def refuse(*_: object) -> Reply:
        raise ConnectionRefusedError

    dapr.apps[sidecar.app_id] = refuse
    await sidecar.schedule("job", due_s=1.0, data=b"{}")

    await sidecar.fire("job")
    assert sidecar.jobs == {"job": Job(NOW + JOB_RETRY, b"{}")}

    dapr.apps[sidecar.app_id] = succeed
    await sidecar.fire("job")
    assert sidecar.jobs == {}
