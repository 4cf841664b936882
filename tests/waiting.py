"""The one way to wait in tests: look again until it holds, with a deadline.

`page = await wait_until(read_page, lambda page: page["order_status"] == "Paid", what="the page")`
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

T = TypeVar("T")


async def wait_until(
    read: Callable[[], T | Awaitable[T]],
    holds: Callable[[T], object] = bool,
    *,
    what: str,
    timeout_s: float = 10.0,
    every_s: float = 0.02,
) -> T:
    """Call `read` (plain or async) until `holds(value)` is true and return that value.

    Raises AssertionError "<what>: not within <timeout_s> s, last seen: <value>" after the
    deadline. What `read` raises is not caught: a reader that meets a closed port says so by
    its value.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        seen = read()
        value = await cast("Awaitable[T]", seen) if inspect.isawaitable(seen) else cast("T", seen)
        if holds(value):
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout_s} s, last seen: {value!r}")
        await asyncio.sleep(every_s)
