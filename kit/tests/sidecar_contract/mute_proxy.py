"""A TCP proxy that carries every request on and lets no answer through."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


@asynccontextmanager
async def mute_proxy(to_port: int) -> AsyncGenerator[int]:
    """Listen on a free port of the loopback interface, and give it."""

    async def carry(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        unheard, server = await asyncio.open_connection("127.0.0.1", to_port)
        while data := await client.read(65_536):
            server.write(data)
            await server.drain()
        # The caller has given up; what it asked for is still to be done.
        await unheard.read(1)
        for writer in (server, answer):
            writer.close()

    listener = await asyncio.start_server(carry, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1]
