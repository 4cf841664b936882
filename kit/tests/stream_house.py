"""Streams of a process and those who follow one, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send

from cafe_kit.problems import Problem
from cafe_kit.streams import Frame, Streams
from kit.tests.virtual_time import run
from tests.reader import Reader

LIFE_S = 3600.0
LOOK_S = 15.0
FOREVER_S = 10.0 * LIFE_S


class Line:
    """A feed that sends what is put into it. `look` raises what `away` says."""

    def __init__(self, *frames: Frame) -> None:
        self.frames = asyncio.Queue[Frame]()
        for frame in frames:
            self.frames.put_nowait(frame)
        self.looks = 0
        self.closed = 0
        self.away: Exception | None = None
        self.bug: Exception | None = None

    async def take(self) -> Sequence[Frame]:
        frame = await self.frames.get()
        if self.bug is not None:
            raise self.bug
        return [frame]

    async def look(self) -> None:
        self.looks += 1
        if self.away is not None:
            raise self.away

    def close(self) -> None:
        self.closed += 1

    async def begin(self) -> "Line":
        return self


def frame(number: int) -> Frame:
    return Frame("page", b'{"n":%d}' % number, number)


def open_streams() -> float:
    value = REGISTRY.get_sample_value("cafe_streams_open")
    assert value is not None
    return value


class House:
    """The streams of a process, and those who follow one."""

    def __init__(self, *, limit: int = 3, per_caller: int = 2) -> None:
        self.streams = Streams(limit=limit, per_caller=per_caller, life_s=LIFE_S, look_s=LOOK_S)

    def follow(self, line: Line, caller: str = "ana", expires_in_s: float = FOREVER_S) -> Reader:
        """Have somebody follow a line; a refusal is what `answered` raises."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await self.streams.response(caller, line.begin, expires_in_s=expires_in_s)
            await response(scope, receive, send)

        return Reader(app, "/stream")

    async def refusal(self, caller: str = "ana") -> Problem | None:
        """Return why one more is not let in, if it is not."""
        reader = self.follow(Line(), caller)
        await settle()
        if not reader.answered.done():
            await reader.leave()
            return None
        error = reader.answered.exception()
        assert isinstance(error, Problem)
        return error


async def settle() -> None:
    """Let everybody do what there is to do now."""
    for _ in range(10):
        await asyncio.sleep(0)


def in_virtual_time(story: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run a test in virtual time; in the end no stream is open and no task is left."""

    async def checked() -> None:
        before = open_streams()
        await story()
        await settle()
        assert open_streams() == before
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def test() -> None:
        run(checked())

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test
