"""What people who follow a stream are sent. Time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from cafe_kit.sidecar import Unavailable
from kit.tests.virtual_time import VirtualTimeLoop, run
from mypage_svc.model import Fact
from mypage_svc.use_cases import MyPages
from mypage_svc.watch import SINCE_MARGIN
from tests.memory.cafe import MemoryCafe, token
from tests.memory.stories import START, story
from tests.reader import Reader
from tests.simulation.virtual_clock import LoopClock

MOMENT_S = 0.05
ANA = token("ana", "customer")
BEN = token("ben", "barista", cafe_id="gangnam")
RIO = token("rio", "rider")
OLGA = token("olga", "operator")


@dataclass
class Scene:
    """mypage-svc, alone with the people who follow it."""

    cafe: MemoryCafe

    @property
    def service(self) -> MyPages:
        return self.cafe.nodes["mypage-svc"].app.state.service

    async def say(self, *facts: Fact) -> None:
        """Have facts come in now, one after the other; return when everybody has seen them."""
        for fact in facts:
            await self.service.projector.project(replace(fact, at=self.cafe.clock.now))
            await self.see()

    async def see(self) -> None:
        """Let everything be told and sent."""
        for _ in range(3):
            await asyncio.sleep(MOMENT_S)
            await self.cafe.settle()

    async def follow(self, target: str, bearer: str, last_id: object = None) -> Reader:
        """Have somebody follow a stream, and wait until it has begun."""
        headers = {"authorization": f"Bearer {bearer}"}
        headers |= {"last-event-id": str(last_id)} if last_id is not None else {}
        reader = Reader(self.cafe.nodes["mypage-svc"].app, target, headers)
        await self.see()
        return reader

    async def get(self, target: str, bearer: str) -> Any:
        return (await self.cafe.caller(bearer).get(target)).body


Told = Callable[[Scene], Awaitable[None]]


def in_scene(**settings: str) -> Callable[[Told], Callable[[], None]]:
    """Run a test in virtual time, on a service of its own."""

    def decorated(told: Told) -> Callable[[], None]:
        async def checked() -> None:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualTimeLoop)
            loop.heed_threads()
            async with MemoryCafe(clock=LoopClock(START), settings=settings) as cafe:
                for app_id in ("order-svc", "payment-svc", "cafe-svc"):
                    await cafe.nodes[app_id].stop()
                scene = Scene(cafe)
                await told(scene)
                cafe.nodes["mypage-svc"].app.state.streams.close()
                await scene.see()
                assert not scene.service.live._topics
                assert not scene.service.live._watches

        def test() -> None:
            run(checked())

        test.__name__, test.__doc__ = told.__name__, told.__doc__
        return test

    return decorated


def shown(reader: Reader) -> list[tuple[Any, ...]]:
    """Return the frames in short: of pages the order, its status and its place in the queue."""
    short: list[tuple[Any, ...]] = []
    for event, data, _ in reader.frames:
        if event == "snapshot":
            short.append((event, *(item["order_id"] for item in data["items"])))
        elif event == "page":
            short.append((event, data["order_id"], data["order_status"], data["queue_position"]))
        else:
            short.append((event, data["order_id"]))
    return short


@in_scene()
async def test_a_customer_sees_all_orders_and_then_every_change_of_them(scene: Scene) -> None:
    first, second = story("o-1", 6), story("o-2", 1)
    await scene.say(*first[:3])

    ana = await scene.follow("/my-pages/stream", ANA)
    await scene.say(*first[3:], *second)
    await scene.say(*story("o-3", 3, customer_id="ben"))

    assert shown(ana) == [
        ("snapshot", "o-1"),
        ("page", "o-1", "Accepted", 1),
        ("page", "o-1", "Making", 1),
        ("page", "o-1", "Ready", None),
        ("page", "o-2", "Ordered", None),
    ]
    last = ana.frames[-1][1]
    assert last in (await scene.get("/my-pages", ANA))["items"]
    ids = [id_ for *_, id_ in ana.frames]
    assert ids == sorted(ids)


@in_scene()
async def test_a_board_sees_orders_come_change_and_go(scene: Scene) -> None:
    first = story("o-1", 8)
    ben = await scene.follow("/boards/gangnam/stream", BEN)

    await scene.say(*first[:5], *story("o-2", 3, cafe_id="jamsil"))
    olga = await scene.follow("/boards/gangnam/stream", OLGA)
    await scene.say(*first[5:])

    assert shown(ben) == [
        ("snapshot",),
        ("page", "o-1", "Paid", 1),
        ("page", "o-1", "Accepted", 1),
        ("page", "o-1", "Making", 1),
        ("page", "o-1", "Ready", None),
        ("page", "o-1", "Ready", None),
        ("gone", "o-1"),
    ]
    assert shown(olga) == [("snapshot", "o-1"), *shown(ben)[-3:]]
    assert olga.frames[0][1]["items"][0]["waiting_s"] >= 0
    assert olga.frames[0][1]["next"] is None


@in_scene()
async def test_riders_see_what_they_can_take_until_somebody_has_taken_it(scene: Scene) -> None:
    first = story("o-1", 8)
    rio = await scene.follow("/deliveries/stream", RIO)
    other = await scene.follow("/deliveries/stream", token("rui", "rider"))
    olga = await scene.follow("/deliveries/stream", OLGA)

    await scene.say(*first, *story("o-2", 6, method="pickup"))

    taken = [("page", "o-1", "Ready", None), ("page", "o-1", "Ready", None)]
    assert shown(rio) == shown(olga) == [("snapshot",), *taken, ("gone", "o-1")]
    assert shown(other) == [("snapshot",), taken[0], ("gone", "o-1")]
    assert [data["rider"] for event, data, _ in rio.frames if event == "page"] == [None, "rio"]


@in_scene()
async def test_who_waits_moves_up_when_somebody_ahead_is_done(scene: Scene) -> None:
    ahead = story("o-1", 6, customer_id="ben")
    await scene.say(*ahead[:5], *story("o-2", 3), *story("o-3", 3, customer_id="rio"))

    ana = await scene.follow("/my-pages/stream", ANA)
    await scene.say(*ahead[5:])

    assert shown(ana) == [("snapshot", "o-2"), ("page", "o-2", "Paid", 1)]
    assert ana.frames[0][1]["items"][0]["queue_position"] == 2


@in_scene()
async def test_who_comes_back_is_sent_what_has_changed_since_and_nothing_else(
    scene: Scene,
) -> None:
    old, mine, other = story("o-1", 5), story("o-2", 3), story("o-3", 3, customer_id="ben")
    await scene.say(*old[:4], *other[:1])
    ana = await scene.follow("/my-pages/stream", ANA)
    await scene.say(*mine[:1])
    last_id = ana.frames[-1][2]
    await ana.leave()

    await asyncio.sleep(2 * SINCE_MARGIN.total_seconds())
    await scene.say(*mine[1:], *other[1:])
    again = await scene.follow("/my-pages/stream", ANA, last_id)
    await scene.say(*old[4:])

    assert shown(again) == [("page", "o-2", "Paid", 2), ("page", "o-1", "Making", 1)]
    assert again.frames[0][2] > last_id


@in_scene()
async def test_who_comes_back_and_has_missed_nothing_is_sent_nothing(scene: Scene) -> None:
    await scene.say(*story("o-1", 3))
    await asyncio.sleep(2 * SINCE_MARGIN.total_seconds())

    last_id = int(scene.cafe.clock.now.timestamp() * 1000)
    again = await scene.follow("/my-pages/stream", ANA, last_id)
    await asyncio.sleep(20)

    assert again.frames == []
    assert again.heartbeats == 1


def ms_from_start(delta: timedelta) -> int:
    return int((START + delta).timestamp() * 1000)


@pytest.mark.parametrize(
    "last_id",
    [
        "",
        "-1",
        "x",
        "1.5",
        "0",
        "9" * 13,
        "9" * 40,
        "²",
        ms_from_start(timedelta(hours=-2)),
        ms_from_start(timedelta(minutes=5)),
    ],
)
def test_an_id_that_says_nothing_begins_anew(last_id: object) -> None:
    @in_scene()
    async def told(scene: Scene) -> None:
        await scene.say(*story("o-1", 3))

        ana = await scene.follow("/my-pages/stream", ANA, last_id)

        assert shown(ana) == [("snapshot", "o-1")]

    told()


@in_scene()
async def test_a_board_begins_with_all_of_it_whatever_was_seen_last(scene: Scene) -> None:
    await scene.say(*story("o-1", 3))

    last_id = int(scene.cafe.clock.now.timestamp() * 1000)
    ben = await scene.follow("/boards/gangnam/stream", BEN, last_id)

    assert shown(ben) == [("snapshot", "o-1")]


@in_scene()
async def test_a_reader_who_is_slow_skips_states(scene: Scene) -> None:
    facts = story("o-1", 6)
    await scene.say(*facts[:3])
    ana = await scene.follow("/my-pages/stream", ANA)

    ana.reads.clear()
    await scene.say(*facts[3:])
    ana.reads.set()
    await scene.see()

    assert shown(ana)[-1] == ("page", "o-1", "Ready", None)
    assert len(ana.frames) < 1 + len(facts[3:])


@in_scene()
async def test_what_was_not_announced_is_found_by_the_next_look(scene: Scene) -> None:
    facts = story("o-1", 8)
    await scene.say(*facts[:3])
    ana = await scene.follow("/my-pages/stream", ANA)
    ben = await scene.follow("/boards/gangnam/stream", BEN)

    for fact in [*facts[3:], *story("o-2", 3)]:
        await scene.service.projector.project(replace(fact, at=scene.cafe.clock.now))
    await asyncio.sleep(MOMENT_S)
    scene.cafe.dapr.pending.clear()
    await asyncio.sleep(16)

    assert sorted(shown(ana)[1:]) == [
        ("page", "o-1", "Completed", None),
        ("page", "o-2", "Paid", 1),
    ]
    assert sorted(shown(ben)[1:]) == [("gone", "o-1"), ("page", "o-2", "Paid", 1)]


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
