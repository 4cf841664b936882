"""The browser that plays everybody: a real Chromium of this machine, driven by Playwright."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright

from tools.doctor import BROWSERS

IN_CHROMIUM: Final = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
"""The marks of every story: one browser, and so one event loop, serves them all."""

SWITCHES: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nobody outside this machine is asked for anything.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find() -> str:
    """Return the path of a Chromium; raise RuntimeError where there is none."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise RuntimeError(f"None of {', '.join(BROWSERS)} is on PATH: install chromium.")


@asynccontextmanager
async def started() -> AsyncGenerator[Browser]:
    """Run it with a profile of its own, gone afterwards."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find(), args=SWITCHES)
        try:
            yield browser
        finally:
            await browser.close()
