"""`make screenshots`: play a busy hour on a fresh real stack and picture every page of it."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx
from playwright.async_api import Browser, expect

from tests.browser import chromium
from tests.browser.people import PHONE, Visitor
from tests.browser.scene import Scene, busy_hour
from tests.browser.views import EVERYBODY, arrive, show, views_of
from tests.browser.watch import Watch
from tests.e2e.cafe import Cafe
from tools.launch import ROOT, random_stack

FOLDER: Final = ROOT / "docs" / "screenshots"
DARK: Final = ("order", "board")
TALLEST: Final = 1200
"""CSS pixels; what is below is cut off."""


async def picture(browser: Browser, door: str, scene: Scene) -> None:
    """Go through all pages of everybody with a phone."""
    for person in EVERYBODY:
        async with await browser.new_context(
            viewport=PHONE, locale="en-US", timezone_id="Asia/Seoul", reduced_motion="reduce"
        ) as context:
            visitor = Visitor(await context.new_page(), Watch(context), door)
            if person == "customer":
                await _picture_of_sign_in(visitor)
            await arrive(visitor, person)
            for view in views_of(person, scene):
                await show(visitor, view)
                await _keep(visitor, view.name)
                if view.name in DARK:
                    await visitor.page.emulate_media(color_scheme="dark")
                    await _keep(visitor, f"{view.name}-dark")
                    await visitor.page.emulate_media(color_scheme="light")


async def _picture_of_sign_in(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.press("Sign in")
    await expect(visitor.button("ana, customer")).to_be_visible()
    await _keep(visitor, "sign-in")
    await visitor.page.go_back()


async def _keep(visitor: Visitor, name: str) -> None:
    await visitor.page.evaluate("scrollTo(0, 0)")
    height = await visitor.page.evaluate("document.documentElement.scrollHeight")
    # A dialog is in the middle of the screen.
    is_page = await visitor.page.get_by_role("dialog").count() == 0
    tall = min(max(height, PHONE["height"]), TALLEST) if is_page else PHONE["height"]
    await visitor.page.set_viewport_size({"width": PHONE["width"], "height": tall})
    await visitor.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    await visitor.page.set_viewport_size(PHONE)


def gallery(names: Sequence[str]) -> str:
    """Return a page that shows these pictures, three in a row."""
    rows = [names[start : start + 3] for start in range(0, len(names), 3)]
    cells = "\n".join(
        "| " + " | ".join(f"![{name}]({name}.png)<br>{name}" for name in row) + " |" for row in rows
    )
    return (
        "# Every page on a phone\n\nWritten by `make screenshots`: 375 pixels wide, on a real stack"
        f" in a busy hour.\n\n| | | |\n|---|---|---|\n{cells}\n"
    )


async def _play(folder: Path) -> None:
    with random_stack(folder) as stack:
        async with (
            chromium.started() as browser,
            httpx.AsyncClient(timeout=10) as http,
            busy_hour(Cafe(stack.folder.running(), http), stack) as scene,
        ):
            await picture(browser, stack.url("gateway"), scene)


def main() -> int:
    """Take the pictures and write the page that shows them."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(Path(folder)))
    names = [file.stem for file in sorted(FOLDER.glob("*.png"))]
    (FOLDER / "README.md").write_text(gallery(names), encoding="utf-8")
    sys.stdout.write(f"{len(names)} pictures in {FOLDER.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
