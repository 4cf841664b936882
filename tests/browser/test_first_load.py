"""The first visit is light and quick; docs/figures-web.md has the figures."""

import pytest
from playwright.async_api import Browser

from tests.browser.chromium import IN_CHROMIUM
from tests.browser.first_load import MOST_BYTES, MOST_READY_MS, PAGES, measure
from tools.stack import Stack

pytestmark = IN_CHROMIUM


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_comes_in_few_bytes_and_its_buttons_work_at_once(
    browser: Browser, stack: Stack, page: str
) -> None:
    cost = await measure(browser, stack.url("gateway"), PAGES[page], visits=3)

    assert 10_000 < cost.size < MOST_BYTES
    # What else this machine does only makes it slower.
    assert 0 < min(cost.ready_ms) < MOST_READY_MS
    assert 0 < min(cost.largest_ms) < MOST_READY_MS
