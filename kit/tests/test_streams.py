"""A stream: what it sends, when it ends, and how many there may be.

Time is virtual: an hour passes as soon as nothing else is to be done.
"""

import asyncio

import pytest

from cafe_kit.problems import TemporarilyAway, TooMany
from cafe_kit.sidecar import Unavailable
from cafe_kit.streams import SEND_S
from kit.tests.stream_house import (
    FOREVER_S,
    LIFE_S,
    LOOK_S,
    House,
    Line,
    frame,
    in_virtual_time,
    settle,
)
from tests.reader import Reader


@in_virtual_time
async def test_a_stream_says_when_to_come_again_and_then_what_there_is() -> None:
    line = Line(frame(1), frame(2))

    reader = House().follow(line)
    await settle()

    assert reader.status == 200
    assert reader.headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    assert reader.text == (
        'retry: 2000\n\nid: 1\nevent: page\ndata: {"n":1}\n\nid: 2\nevent: page\ndata: {"n":2}\n\n'
    )
    await reader.leave()


@in_virtual_time
async def test_in_silence_a_heartbeat_is_sent_and_the_feed_looks() -> None:
    line = Line()

    reader = House().follow(line)
    await asyncio.sleep(3 * LOOK_S + 1)

    assert (reader.heartbeats, line.looks) == (3, 3)
    line.frames.put_nowait(frame(1))
    await settle()
    assert reader.frames == [("page", {"n": 1}, 1)]
    await reader.leave()


@in_virtual_time
async def test_a_look_comes_also_where_frames_do() -> None:
    line = Line()
    reader = House().follow(line)

    for number in range(40):
        line.frames.put_nowait(frame(number))
        await asyncio.sleep(1)

    assert len(reader.frames) == 40
    assert line.looks == 2
    await reader.leave()


@in_virtual_time
async def test_a_stream_stays_while_nobody_can_look() -> None:
    line = Line()
    line.away = Unavailable("no store")

    reader = House().follow(line)
    await asyncio.sleep(2 * LOOK_S + 1)
    line.frames.put_nowait(frame(1))
    await settle()

    assert line.looks == 2
    assert reader.frames == [("page", {"n": 1}, 1)]
    await reader.leave()


@pytest.mark.parametrize("expires_in_s", [100.0, FOREVER_S, 0.0, -5.0])
def test_a_stream_ends_with_the_token_or_its_longest_life(expires_in_s: float) -> None:
    async def story() -> None:
        line, began = Line(), asyncio.get_running_loop().time()

        reader = House().follow(line, expires_in_s=expires_in_s)
        await reader.answered

        lasted_s = asyncio.get_running_loop().time() - began
        assert reader.ended
        assert lasted_s == pytest.approx(max(0.0, min(expires_in_s, LIFE_S)))
        assert line.closed == 1

    in_virtual_time(story)()


@in_virtual_time
async def test_whoever_hangs_up_frees_everything() -> None:
    house, line = House(per_caller=1), Line()
    reader = house.follow(line)
    await settle()
    assert isinstance(await house.refusal(), TooMany)

    await reader.leave()

    assert line.closed == 1
    assert await house.refusal() is None


@in_virtual_time
async def test_a_reader_that_takes_nothing_is_let_go() -> None:
    house, line = House(per_caller=1), Line()
    reader = house.follow(line)
    await settle()
    began = asyncio.get_running_loop().time()

    reader.reads.clear()
    line.frames.put_nowait(frame(1))
    await reader.answered

    assert asyncio.get_running_loop().time() - began == pytest.approx(SEND_S)
    assert not reader.ended
    assert line.closed == 1
    assert await house.refusal() is None


@in_virtual_time
async def test_one_caller_and_all_together_have_a_limit() -> None:
    house = House(limit=3, per_caller=2)
    readers = [house.follow(Line(), caller) for caller in ("ana", "ana", "ben")]
    await settle()

    assert {reader.status for reader in readers} == {200}
    assert isinstance(await house.refusal("olga"), TemporarilyAway)
    await readers[2].leave()
    assert isinstance(await house.refusal("ana"), TooMany)
    assert await house.refusal("olga") is None
    await readers[0].leave()
    assert await house.refusal("ana") is None
    await readers[1].leave()


@in_virtual_time
async def test_those_that_have_not_begun_yet_count() -> None:
    house, go_on = House(per_caller=2), asyncio.Event()

    async def slow() -> Line:
        await go_on.wait()
        return Line()

    opening = [
        asyncio.create_task(house.streams.response("ana", slow, expires_in_s=1)) for _ in range(3)
    ]
    await settle()
    done = [task for task in opening if task.done()]

    assert [type(task.exception()) for task in done] == [TooMany]
    for task in set(opening) - set(done):
        task.cancel()
    await asyncio.gather(*opening, return_exceptions=True)
    assert await house.refusal() is None


@in_virtual_time
async def test_a_feed_that_cannot_begin_is_no_stream_and_takes_no_place() -> None:
    house = House(per_caller=1)

    async def begin() -> Line:
        raise Unavailable("no store")

    for _ in range(2):
        with pytest.raises(Unavailable):
            await house.streams.response("ana", begin, expires_in_s=1)


@in_virtual_time
async def test_a_process_that_stops_ends_all_streams_in_an_orderly_way_and_opens_none() -> None:
    house = House()
    lines = [Line(), Line()]
    readers = [house.follow(line) for line in lines]
    opened = await house.streams.response("ben", Line().begin, expires_in_s=FOREVER_S)
    await settle()

    house.streams.close()
    await asyncio.gather(*(reader.answered for reader in readers))
    late = Reader(opened, "/stream")
    await late.answered

    assert [reader.ended for reader in readers] == [True, True]
    assert [line.closed for line in lines] == [1, 1]
    assert (late.status, late.ended, late.text) == (200, True, "")
    assert isinstance(await house.refusal("olga"), TemporarilyAway)


@in_virtual_time
async def test_a_bug_in_a_feed_ends_its_stream_and_frees_its_place() -> None:
    house, line = House(per_caller=1), Line()
    line.bug = ZeroDivisionError()
    reader = house.follow(line)

    line.frames.put_nowait(frame(1))
    with pytest.raises(ZeroDivisionError):
        await reader.answered

    assert not reader.ended
    assert line.closed == 1
    assert await house.refusal() is None


@in_virtual_time
async def test_a_request_that_the_server_gives_up_frees_everything() -> None:
    house, line = House(per_caller=1), Line()
    reader = house.follow(line)
    await settle()

    reader.answered.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader.answered

    assert line.closed == 1
    assert await house.refusal() is None
