"""`make web-figures`: measure the first visit on a fresh real stack; writes docs/figures-web.md."""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.browser import chromium
from tests.browser.first_load import MOST_BYTES, MOST_READY_MS, PAGES, Cost, measure, table
from tools.launch import ROOT, random_stack

VISITS: Final = 5
TARGET: Final = ROOT / "docs" / "figures-web.md"
PAGE: Final = """# Figures of the web app

Written by `make web-figures`: Chromium {version} without a cache, {visits} visits of each page,
the stack and the browser on one machine. Bytes are all that came, headers too, as the gateway
compresses them; the limit is {most_kb:.0f} kB. "A button works" is the median time from the start
of the navigation until the effect of pressing a button was there; the limit is {most_ms} ms. On
"The cafes" it changes the language, on "A menu" it puts a drink into the basket. "Largest paint" is
the median of Chromium's largest contentful paint. `tests/browser/test_first_load.py` holds the app
to both limits.

{table}
"""


async def _measured(folder: Path) -> tuple[str, dict[str, Cost]]:
    with random_stack(folder) as stack:
        async with chromium.started() as browser:
            door = stack.url("gateway")
            costs = {
                name: await measure(browser, door, page, VISITS) for name, page in PAGES.items()
            }
            return browser.version, costs


def main() -> int:
    """Measure and write the page; exit code 1 where a limit is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        version, costs = asyncio.run(_measured(Path(folder)))
    text = PAGE.format(
        version=version,
        visits=VISITS,
        most_kb=MOST_BYTES / 1000,
        most_ms=MOST_READY_MS,
        table=table(costs),
    )
    sys.stdout.write(text)
    TARGET.write_text(text, encoding="utf-8")
    return int(
        any(
            cost.size >= MOST_BYTES or statistics.median(cost.ready_ms) >= MOST_READY_MS
            for cost in costs.values()
        )
    )


if __name__ == "__main__":
    sys.exit(main())
