"""`make screenshots`: play a busy hour on a fresh real stack and picture every page of it.

python -m tests.browser.screenshots [--folder docs/screenshots]
"""

import argparse
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
TALLEST: Final = 1400
"""CSS pixels; what is below is cut off."""


async def picture(browser: Browser, door: str, scene: Scene, folder: Path) -> None:
    """Go through all pages of everybody with a phone."""
    for person in EVERYBODY:
        async with await browser.new_context(
            viewport=PHONE, locale="en-US", timezone_id="Asia/Seoul", reduced_motion="reduce"
        ) as context:
            visitor = Visitor(await context.new_page(), Watch(context), door)
            if person == "customer":
                await _picture_of_sign_in(visitor, folder)
            await arrive(visitor, person)
            for view in views_of(person, scene):
                await show(visitor, view)
                await _keep(visitor, folder / f"{view.name}.png")
                if view.name in DARK:
                    await visitor.page.emulate_media(color_scheme="dark")
                    await _keep(visitor, folder / f"{view.name}-dark.png")
                    await visitor.page.emulate_media(color_scheme="light")


async def _picture_of_sign_in(visitor: Visitor, folder: Path) -> None:
    await visitor.open()
    await visitor.press("Sign in")
    await expect(visitor.button("ana, customer")).to_be_visible()
    await _keep(visitor, folder / "sign-in.png")
    await visitor.page.go_back()


async def _keep(visitor: Visitor, file: Path) -> None:
    height = await visitor.page.evaluate("document.documentElement.scrollHeight")
    tall = min(max(height, PHONE["height"]), TALLEST)
    await visitor.page.set_viewport_size({"width": PHONE["width"], "height": tall})
    await visitor.page.screenshot(path=file, animations="disabled", caret="hide")
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


async def _play(stack_folder: Path, folder: Path) -> None:
    with random_stack(stack_folder) as stack:
        async with (
            chromium.started() as browser,
            httpx.AsyncClient(timeout=10) as http,
            busy_hour(Cafe(stack.folder.running(), http), stack) as scene,
        ):
            await picture(browser, stack.url("gateway"), scene, folder)


def main() -> int:
    """Take the pictures and write the page that shows them."""
    parser = argparse.ArgumentParser(prog="tests.browser.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as stack_folder:
        asyncio.run(_play(Path(stack_folder), folder))
    names = [file.stem for file in sorted(folder.glob("*.png"))]
    (folder / "README.md").write_text(gallery(names), encoding="utf-8")
    sys.stdout.write(f"{len(names)} pictures in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
