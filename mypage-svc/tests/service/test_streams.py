"""What people who follow a stream are sent. Time is virtual."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mypage_svc.watch import SINCE_MARGIN
from tests.memory.cafe import token
from tests.memory.followed import ANA, BEN, MOMENT_S, OLGA, RIO, Scene, in_scene, shown
from tests.memory.stories import START, story


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
    old, mine, other = story("o-1", 7), story("o-2", 3), story("o-3", 3, customer_id="ben")
    await scene.say(*old[:6], *other[:1])
    await asyncio.sleep(2 * SINCE_MARGIN.total_seconds())
    ana = await scene.follow("/my-pages/stream", ANA)
    await scene.say(*mine[:1])
    last_id = ana.frames[-1][2]
    await ana.leave()

    await asyncio.sleep(2 * SINCE_MARGIN.total_seconds())
    await scene.say(*mine[1:], *other[1:])
    again = await scene.follow("/my-pages/stream", ANA, last_id)
    await scene.say(*old[6:])

    assert shown(again) == [("page", "o-2", "Paid", 1), ("page", "o-1", "Ready", None)]
    assert again.frames[0][2] > last_id


@in_scene()
async def test_who_comes_back_is_sent_the_place_of_an_order_that_waits(scene: Scene) -> None:
    ahead = story("o-1", 6, customer_id="ben")
    await scene.say(*ahead[:5], *story("o-2", 3))
    await asyncio.sleep(2 * SINCE_MARGIN.total_seconds())
    last_id = int(scene.cafe.clock.now.timestamp() * 1000)
    await asyncio.sleep(2 * SINCE_MARGIN.total_seconds())
    await scene.say(*ahead[5:])

    again = await scene.follow("/my-pages/stream", ANA, last_id)

    assert shown(again) == [("page", "o-2", "Paid", 1)]


@in_scene()
async def test_who_comes_back_and_has_missed_nothing_is_sent_nothing(scene: Scene) -> None:
    await scene.say(*story("o-1", 6))
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
