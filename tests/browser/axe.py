"""What keeps people from using a page: axe-core's findings, and a page wider than a phone."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, Literal

from playwright.async_api import Page

AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
EVERYTHING: Final = {"resultTypes": ["violations"]}
COLOURS: Final = {**EVERYTHING, "runOnly": ["color-contrast"]}
SCHEMES: Final[Mapping[Literal["dark", "light"], Any]] = {"dark": COLOURS, "light": EVERYTHING}
"""In which scheme what is looked for: the dark one can only change colours."""


async def barriers(page: Page) -> list[str]:
    """Return one line for each element with a violation, in the light and in the dark."""
    found: list[str] = []
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    for scheme, options in SCHEMES.items():
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        results = await page.evaluate("options => axe.run(options)", options)
        found += [f"{scheme}: {line}" for line in _lines(results)]
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    wide, screen = await page.evaluate(widths)
    return [*found, f"{wide} pixels wide on {screen}"] if wide > screen else found


def _lines(response: dict[str, Any]) -> list[str]:
    return [
        f"{violation['id']} ({violation['help']}): {node['html'][:200]}"
        for violation in response["violations"]
        for node in violation["nodes"]
    ]
