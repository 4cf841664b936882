"""What breaks between people and the cafe, for as long as a block lasts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Route

from tests.browser.people import Visitor
from tools.stack import Stack

CUT: Final = ("net::ERR_*", "502 GET *", "503 GET *")
"""What a browser complains of meanwhile; see Watch.expect."""


@asynccontextmanager
async def held_back(visitor: Visitor, command: str) -> AsyncGenerator[None]:
    """A slow network: the next request to this glob leaves when the block ends."""
    over = asyncio.Event()

    async def wait(route: Route) -> None:
        await over.wait()
        await route.continue_()

    await visitor.page.route(command, wait, times=1)
    try:
        yield
    finally:
        over.set()


@asynccontextmanager
async def away(stack: Stack, *names: str) -> AsyncGenerator[None]:
    """Kill these programs, and start them again when the block ends."""
    stack.kill(*names)
    try:
        yield
    finally:
        await asyncio.to_thread(stack.start, *names)
