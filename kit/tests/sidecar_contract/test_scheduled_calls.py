"""Scheduled calls: made once they are due, again until they are answered well, and not after."""

import json
from urllib.parse import quote

import pytest

from cafe_kit.sidecar import MAX_BODY_BYTES, Rejected, Reply, Unavailable
from kit.tests.sidecar_contract.recording_app import SUCCESS, Request, about
from kit.tests.sidecar_contract.world import World, new_key
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

BROKEN = Reply(500, b"")
UNKNOWN = Reply(404, b"")


def calls_of(world: World, name: str) -> list[Request]:
    """Return the calls of a job; a sidecar may escape its name or not."""
    return world.app.asked(f"/job/{name}") or world.app.asked(f"/job/{quote(name)}")


async def fired(world: World, name: str) -> list[Request]:
    """Return the calls of a job that is due."""
    await world.settle()
    return await wait_until(lambda: calls_of(world, name), what="the job")


@pytest.mark.parametrize("kind", ["lamp.check-", "remind:", "a b "])
async def test_a_scheduled_call_arrives_with_its_data(world: World, kind: str) -> None:
    name = f"{kind}{new_key()}"

    await world.sidecar.schedule(name, due_s=0.0, data=b'{"ids":["a","b"]}')

    [request] = await fired(world, name)
    assert request.method == "POST"
    assert json.loads(request.body) == {"ids": ["a", "b"]}


async def test_a_call_scheduled_again_under_its_name_replaces_the_first(world: World) -> None:
    name = new_key()

    await world.sidecar.schedule(name, due_s=60.0, data=b'"first"')
    await world.sidecar.schedule(name, due_s=0.0, data=b'"second"')

    assert [json.loads(request.body) for request in await fired(world, name)] == ["second"]


async def test_an_unscheduled_call_never_arrives(world: World) -> None:
    forgotten, later = new_key(), new_key()
    await world.sidecar.schedule(forgotten, due_s=0.3, data=b"{}")

    await world.sidecar.unschedule(forgotten)

    await world.sidecar.schedule(later, due_s=0.6, data=b"{}")
    assert await fired(world, later)
    assert world.app.asked(f"/job/{forgotten}") == []


async def test_unscheduling_what_is_not_scheduled_is_fine(world: World) -> None:
    await world.sidecar.unschedule(new_key())


async def test_a_scheduled_call_that_the_app_fails_comes_again(world: World) -> None:
    name = new_key()

    world.app.answer = about(name, BROKEN)
    await world.sidecar.schedule(name, due_s=0.0, data=b"{}")

    await fired(world, name)
    await world.settle()
    await wait_until(lambda: len(world.app.asked(f"/job/{name}")) == 2, what="the second call")


async def test_a_scheduled_call_that_the_app_does_not_know_is_forgotten(world: World) -> None:
    name, later = new_key(), new_key()

    world.app.answer = about(name, UNKNOWN)
    await world.sidecar.schedule(name, due_s=0.0, data=b"{}")
    await fired(world, name)

    await world.sidecar.schedule(later, due_s=0.0, data=b"{}")
    await fired(world, later)
    assert len(world.app.asked(f"/job/{name}")) == 1


async def test_a_call_is_not_made_before_it_is_due(world: World) -> None:
    early, due = new_key(), new_key()

    await world.sidecar.schedule(early, due_s=60.0, data=b"{}")
    await world.sidecar.schedule(due, due_s=0.0, data=b"{}")

    await fired(world, due)
    assert world.app.asked(f"/job/{early}") == []
    await world.sidecar.unschedule(early)


async def test_a_scheduled_call_carries_hundreds_of_entries(world: World) -> None:
    name, entries = new_key(), [{"id": new_key(), "cause": "c" * 100} for _ in range(1000)]

    await world.sidecar.schedule(name, due_s=0.0, data=json.dumps(entries).encode())

    [request] = await fired(world, name)
    assert json.loads(request.body) == entries


async def test_a_scheduled_call_above_the_limit_is_rejected(world: World) -> None:
    with pytest.raises(Rejected):
        await world.sidecar.schedule(new_key(), due_s=60.0, data=b'"%s"' % (b"x" * MAX_BODY_BYTES))


async def test_a_call_may_schedule_the_next_one_before_it_is_answered(world: World) -> None:
    first, second = new_key(), new_key()

    async def go_on(request: Request) -> Reply:
        if first in request.target:
            await world.sidecar.schedule(second, due_s=0.0, data=request.body)
        return SUCCESS

    world.app.answer = go_on
    await world.sidecar.schedule(first, due_s=0.0, data=b'"what goes on"')
    await fired(world, first)

    [request] = await fired(world, second)
    assert json.loads(request.body) == "what goes on"
    assert len(world.app.asked(f"/job/{first}")) == 1


async def test_a_call_whose_scheduling_was_never_answered_may_be_made(world: World) -> None:
    name = new_key()

    with pytest.raises(Unavailable):
        await world.mute.schedule(name, due_s=0.0, data=b"{}")

    assert await fired(world, name)
