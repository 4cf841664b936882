"""A way to an app on which requests take their time: no service has to know that it is slowed."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

CHUNK = 65_536


class SlowRoad:
    """Carries TCP from one loopback port to another; each piece of a request waits `delay_s`.

    A request of daprd is one piece: it writes head and body at once. `delay_s` are the least and
    the most seconds, evenly spread; the default is no delay.
    """

    def __init__(self, to_port: int, rng: random.Random) -> None:
        self.delay_s = (0.0, 0.0)
        self._to_port = to_port
        self._rng = rng
        self._ways: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self, port: int) -> AsyncGenerator["SlowRoad"]:
        """Listen until the end of the block."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", port)
        try:
            yield self
        finally:
            server.close()
            for way in list(self._ways):
                way.cancel()
            await asyncio.gather(*self._ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._ways.add(task)
        task.add_done_callback(self._ways.discard)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.close()
            return
        there = asyncio.create_task(self._pump(reader, far_writer, slowly=True))
        back = asyncio.create_task(self._pump(far_reader, writer, slowly=False))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            far_writer.close()
            writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowly: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                if slowly and self.delay_s[1]:
                    await asyncio.sleep(self._rng.uniform(*self.delay_s))
                writer.write(data)
                await writer.drain()
