"""One app's sidecar in memory, and a clock that stands still."""

import pytest

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from kit.tests.lamp import SOURCE, ManualClock


@pytest.fixture
def dapr() -> MemoryDapr:
    return MemoryDapr()


@pytest.fixture
def sidecar(dapr: MemoryDapr) -> MemorySidecar:
    return dapr.sidecar(SOURCE)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
