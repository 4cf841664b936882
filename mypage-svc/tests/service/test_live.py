"""A stream and its reads: what changes while a list is being read must not get lost."""

import asyncio

import pytest

from cafe_kit.sidecar import Unavailable
from mypage_svc.events import Changed
from mypage_svc.outbox import OUTBOX_LIMIT
from tests.memory.watching import Board, Mine, Watching, sent, turn


@pytest.fixture
def scene() -> Watching:
    return Watching()


async def test_a_change_while_the_snapshot_is_read_is_sent_after_it(scene: Watching) -> None:
    scene.store.set("o-1", 3)
    scene.store.set("o-2", 7)
    scene.board.let.clear()

    following = asyncio.create_task(scene.live.follow(scene.board, None))
    await turn()
    scene.change("o-1", 4)
    scene.change("o-2", 8)
    await turn()
    scene.board.let.set()

    assert await sent(await following) == [
        ("snapshot", "o-1,o-2"),
        ("page", "o-1 ACCEPTED"),
        ("gone", '{"order_id":"o-2"}'),
    ]


async def test_a_change_while_a_look_reads_is_not_overwritten_by_what_was_read(
    scene: Watching,
) -> None:
    scene.store.set("o-1", 3)
    watch = await scene.live.follow(scene.board, None)
    assert await sent(watch) == [("snapshot", "o-1")]

    scene.store.set("o-1", 4)
    scene.board.let.clear()
    looking = asyncio.create_task(watch.look())
    await turn()
    scene.change("o-1", 5)
    await turn()
    scene.board.let.set()
    await looking

    assert await sent(watch) == [("page", "o-1 MAKING")]
    scene.change("o-1", 5)
    assert await sent(watch) == [("page", "o-1 MAKING")]


async def test_what_is_told_during_a_read_that_fails_is_sent_nevertheless(scene: Watching) -> None:
    watch = await scene.live.follow(scene.board, None)
    assert await sent(watch) == [("snapshot", "")]

    scene.board.let.clear()
    looking = asyncio.create_task(watch.look())
    await turn()
    scene.change("o-1", 3)
    await turn()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)

    assert await sent(watch) == [("page", "o-1 QUEUED")]


async def test_looks_that_fail_do_not_hide_a_new_order_from_the_first_that_succeeds(
    scene: Watching,
) -> None:
    mine = Mine(scene.store)
    watch = await scene.live.follow(mine, None)
    assert await sent(watch) == [("snapshot", "")]
    scene.store.set("o-1", 1)

    scene.store.away = True
    for _ in range(5):
        scene.clock.advance(15)
        with pytest.raises(Unavailable):
            await watch.look()
    scene.store.away = False
    await watch.look()

    assert await sent(watch) == [("page", "o-1 ")]


async def test_a_board_longer_than_what_is_shown_is_not_sent_again_with_every_look(
    scene: Watching,
) -> None:
    scene.board = Board(scene.store, most=1)
    watch = await scene.live.follow(scene.board, None)
    scene.change("o-1", 3)
    scene.change("o-2", 3)
    assert await sent(watch) == [
        ("snapshot", ""),
        ("page", "o-1 QUEUED"),
        ("page", "o-2 QUEUED"),
    ]

    await watch.look()

    assert await sent(watch) == []


async def test_too_many_changes_to_keep_become_a_snapshot(scene: Watching) -> None:
    watch = await scene.live.follow(scene.board, None)
    assert await sent(watch) == [("snapshot", "")]

    orders = [f"o-{number:03}" for number in range(OUTBOX_LIMIT + 1)]
    for order_id in orders:
        scene.change(order_id, 3)

    assert await sent(watch) == [("snapshot", ",".join(orders))]
    scene.change("o-000", 4)
    assert await sent(watch) == [("page", "o-000 ACCEPTED")]


async def test_as_many_changes_as_can_be_kept_are_sent_one_by_one(scene: Watching) -> None:
    watch = await scene.live.follow(scene.board, None)
    assert await sent(watch) == [("snapshot", "")]

    for number in range(OUTBOX_LIMIT):
        scene.change(f"o-{number:03}", 3)

    assert len(await sent(watch)) == OUTBOX_LIMIT


async def test_a_snapshot_that_cannot_be_read_is_tried_again_by_the_next_look(
    scene: Watching,
) -> None:
    watch = await scene.live.follow(scene.board, None)
    assert await sent(watch) == [("snapshot", "")]
    for number in range(OUTBOX_LIMIT + 1):
        scene.change(f"o-{number:03}", 3)
    await turn()

    scene.store.away = True
    assert await sent(watch) == []
    scene.store.away = False
    await watch.look()

    assert [event for event, _ in await sent(watch)] == ["snapshot"]


async def test_announcements_that_cannot_be_looked_at_are_found_by_the_next_look(
    scene: Watching,
) -> None:
    watch = await scene.live.follow(scene.board, None)
    assert await sent(watch) == [("snapshot", "")]

    scene.store.away = True
    scene.change("o-1", 3)
    assert await sent(watch) == []
    scene.store.away = False
    await watch.look()

    assert await sent(watch) == [("page", "o-1 QUEUED")]


async def test_nothing_is_read_for_changes_that_nobody_follows(scene: Watching) -> None:
    watch = await scene.live.follow(scene.board, None)
    scene.store.away = True

    scene.live.tell([Changed("o-9", "ben", "jamsil")])
    await turn()

    assert scene.board.reads == 1
    assert await sent(watch) == [("snapshot", "")]


async def test_a_stream_that_cannot_begin_leaves_nothing_behind(scene: Watching) -> None:
    scene.store.away = True

    with pytest.raises(Unavailable):
        await scene.live.follow(scene.board, None)

    assert scene.live.followed == frozenset()


async def test_a_stream_that_has_ended_is_told_nothing_more(scene: Watching) -> None:
    scene.board.let.clear()
    following = asyncio.create_task(scene.live.follow(scene.board, None))
    await turn()
    scene.board.let.set()
    watch, other = await following, await scene.live.follow(Board(scene.store), None)

    scene.change("o-1", 3)
    watch.close()
    assert await sent(other) == [("snapshot", ""), ("page", "o-1 QUEUED")]

    assert await sent(watch) == [("snapshot", "")]
    assert scene.live.followed == {*Board.topics, "queue:gangnam"}
    other.close()
    assert scene.live.followed == frozenset()
