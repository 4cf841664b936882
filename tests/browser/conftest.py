"""One real stack with its gateway and one Chromium for all stories, a browser context a person."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import chromium
from tests.browser.people import PHONE, Visitor
from tests.browser.watch import Watch
from tests.e2e.cafe import SLOW_MACHINE, Cafe
from tools.launch import random_stack
from tools.stack import Stack

Visit = Callable[[], Awaitable[Visitor]]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Everything as `make up` has it, but patient with a slow machine."""
    with random_stack(tmp_path_factory.mktemp("browser"), app_env=SLOW_MACHINE) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """The one Chromium."""
    async with chromium.started() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def cafe(stack: Stack) -> AsyncGenerator[Cafe]:
    """The services without their gateway, for what happens while nobody looks."""
    async with httpx.AsyncClient(timeout=10) as http:
        yield Cafe(stack.folder.running(), http)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(stack: Stack, browser: Browser) -> AsyncGenerator[Visit]:
    """Somebody with an empty browser, for each call; no browser may have complained in the end."""
    visitors: list[Visitor] = []
    async with AsyncExitStack() as contexts:

        async def arrive() -> Visitor:
            context = await browser.new_context(
                viewport=PHONE, locale="en-US", timezone_id="Asia/Seoul", reduced_motion="reduce"
            )
            contexts.push_async_callback(context.close)
            watch = Watch(context)
            await watch.begin()
            visitors.append(Visitor(await context.new_page(), watch, stack.url("gateway")))
            return visitors[-1]

        yield arrive
        faults = [await visitor.watch.faults() for visitor in visitors]
    assert faults == [[] for _ in visitors]
    stack.tick()
    assert stack.deaths == []
