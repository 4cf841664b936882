"""What the first visit costs: bytes, requests, and the time until a button works."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Browser, BrowserContext, Request

from tests.browser.people import PHONE

MOST_BYTES: Final = 150_000
MOST_READY_MS: Final = 1000


@dataclass(frozen=True)
class Button:
    """A button of a page and what is there once it has worked, both as selectors."""

    path: str
    press: str
    effect: str


PAGES: Final[Mapping[str, Button]] = {
    "The cafes": Button("", ".person button[lang=ko]", "html[lang=ko]"),
    "A menu": Button("cafes/gangnam", ".stepper button:not([disabled])", ".stepper [role=status]"),
}
"""One changes the language, which loads its texts; the other puts a drink into the basket."""

PRESS: Final = """({ press, effect }) => {
  let pressed = false;
  window.readyMs = new Promise((tell) => requestAnimationFrame(function look() {
    const button = document.querySelector(press);
    if (button && !pressed) { button.click(); pressed = true; }
    if (document.querySelector(effect)) tell(performance.now());
    else requestAnimationFrame(look);
  }));
}"""
LARGEST: Final = """() => new Promise((tell) => new PerformanceObserver((list) => {
  tell(list.getEntries().at(-1).startTime);
}).observe({ type: "largest-contentful-paint", buffered: true }))"""


@dataclass(frozen=True)
class Cost:
    """Of one page: bytes as they came, headers too; of each visit the times in ms."""

    size: int
    requests: int
    ready_ms: Sequence[float]
    largest_ms: Sequence[float]


async def measure(browser: Browser, door: str, button: Button, visits: int) -> Cost:
    """Visit a page again and again with an empty cache, as nobody in particular."""
    size, requests = await _weigh(browser, door, button)
    ready = [await _press(browser, door, button) for _ in range(visits)]
    largest = [await _look(browser, door, button) for _ in range(visits)]
    return Cost(size, requests, ready, largest)


async def _new(browser: Browser) -> BrowserContext:
    return await browser.new_context(viewport=PHONE, locale="en-US")


async def _weigh(browser: Browser, door: str, button: Button) -> tuple[int, int]:
    done: list[Request] = []

    def note(request: Request) -> None:
        done.append(request)

    async with await _new(browser) as context:
        page = await context.new_page()
        page.on("requestfinished", note)
        await page.goto(f"{door}/#/{button.path}", wait_until="networkidle")
        await page.wait_for_selector(button.press)
        sizes = [await request.sizes() for request in done]
    size = sum(each["responseHeadersSize"] + each["responseBodySize"] for each in sizes)
    return size, len(sizes)


async def _press(browser: Browser, door: str, button: Button) -> float:
    async with await _new(browser) as context:
        page = await context.new_page()
        arguments = {"press": button.press, "effect": button.effect}
        await page.add_init_script(f"({PRESS})({arguments!r})")
        await page.goto(f"{door}/#/{button.path}")
        return float(await page.evaluate("window.readyMs"))


async def _look(browser: Browser, door: str, button: Button) -> float:
    async with await _new(browser) as context:
        page = await context.new_page()
        await page.goto(f"{door}/#/{button.path}")
        await page.wait_for_selector(button.press)
        return float(await page.evaluate(LARGEST))


def table(costs: Mapping[str, Cost]) -> str:
    """Return the costs as a table in Markdown."""
    rows: Sequence[str] = [
        f"| {name} | {cost.size / 1000:.1f} kB | {cost.requests}"
        f" | {statistics.median(cost.ready_ms):.0f} ms"
        f" | {statistics.median(cost.largest_ms):.0f} ms |"
        for name, cost in costs.items()
    ]
    head = "| page | bytes | requests | a button works | largest paint |\n|---|---|---|---|---|\n"
    return head + "\n".join(rows)
