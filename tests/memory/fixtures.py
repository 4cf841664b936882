"""`cafe`: everything in memory, for one test. A conftest.py imports it by name."""

from collections.abc import AsyncIterator

import pytest

from tests.memory.cafe import MemoryCafe


@pytest.fixture
async def cafe() -> AsyncIterator[MemoryCafe]:
    async with MemoryCafe() as running:
        yield running
