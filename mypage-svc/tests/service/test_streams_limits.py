"""Who may follow what, how many may, and how streams end. Time is virtual."""

import asyncio

from cafe_kit.sidecar import Unavailable
from tests.memory.cafe import token
from tests.memory.followed import ANA, BEN, RIO, Scene, in_scene, shown
from tests.memory.stories import story


@in_scene(STREAM_LIMIT="3", STREAMS_PER_CALLER="2")
async def test_there_are_limits_for_a_caller_and_for_all(scene: Scene) -> None:
    first = await scene.follow("/my-pages/stream", ANA)
    await scene.follow("/my-pages/stream", ANA)

    third = await scene.follow("/my-pages/stream", ANA)
    await scene.follow("/boards/gangnam/stream", BEN)
    full = await scene.follow("/deliveries/stream", RIO)
    await first.leave()
    after = await scene.follow("/deliveries/stream", RIO)

    assert (third.status, third.problem["status"]) == (429, 429)
    assert (full.status, full.problem["status"]) == (503, 503)
    assert {reader.headers["content-type"] for reader in (third, full)} == {
        "application/problem+json"
    }
    assert after.status == 200


@in_scene(MAX_IN_FLIGHT="1")
async def test_streams_take_no_place_of_a_request(scene: Scene) -> None:
    readers = [await scene.follow("/my-pages/stream", ANA) for _ in range(3)]

    answer = await scene.cafe.caller(ANA).get("/my-pages")
    for reader in readers:
        await reader.leave()
    again = await scene.cafe.caller(ANA).get("/my-pages")

    assert (answer.status, again.status) == (200, 200)


@in_scene()
async def test_a_stream_ends_when_the_token_does(scene: Scene) -> None:
    expires = int(scene.cafe.clock.now.timestamp()) + 100
    ana = await scene.follow("/my-pages/stream", token("ana", "customer", exp=expires))

    await asyncio.sleep(99 - 1)
    before = ana.answered.done()
    await asyncio.sleep(3)

    assert not before
    assert ana.answered.done()
    assert ana.ended


@in_scene()
async def test_without_the_store_no_stream_begins_and_one_that_has_goes_on(scene: Scene) -> None:
    facts = story("o-1", 4)
    await scene.say(*facts[:3])
    ana = await scene.follow("/my-pages/stream", ANA)

    scene.cafe.fault = away
    refused = await scene.follow("/my-pages/stream", ANA)
    await asyncio.sleep(40)
    scene.cafe.fault = None
    await scene.say(*facts[3:])

    assert (refused.status, refused.problem["status"]) == (503, 503)
    assert shown(ana) == [("snapshot", "o-1"), ("page", "o-1", "Accepted", 1)]


@in_scene()
async def test_a_process_that_stops_ends_its_streams(scene: Scene) -> None:
    ana = await scene.follow("/my-pages/stream", ANA)

    scene.cafe.nodes["mypage-svc"].app.state.streams.close()
    await scene.see()

    assert ana.answered.done()
    assert ana.ended


@in_scene()
async def test_who_may_not_read_a_list_may_not_follow_it(scene: Scene) -> None:
    statuses = {
        (target, role): (await scene.follow(f"{target}/stream", bearer)).status
        for target in ("/my-pages", "/boards/jamsil", "/deliveries")
        for role, bearer in (("customer", ANA), ("barista", BEN), ("rider", RIO), ("none", ""))
    }

    granted = {key for key, status in statuses.items() if status == 200}
    assert granted == {("/my-pages", "customer"), ("/deliveries", "rider")}
    assert {status for (_, role), status in statuses.items() if role == "none"} == {401}


def away(app_id: str, verb: str, phase: str, _: str) -> None:
    if app_id == "mypage-svc" and phase == "before" and verb.startswith(("get", "save")):
        raise Unavailable("no store")
