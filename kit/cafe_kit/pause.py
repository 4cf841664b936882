"""A short wait after a lost compare-and-set; jitter keeps two losers from meeting again."""

import asyncio
import random


async def jittered(attempt: int) -> None:
    """Wait 2-20 ms, times the number of attempts so far."""
    await asyncio.sleep(random.uniform(0.002, 0.02) * (attempt + 1))  # noqa: S311 - not a secret
