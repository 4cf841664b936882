"""`runtime`: a broker and room for sidecars, on the real files, for one test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.components.runtime import Runtime
from tools.launch import find_commands
from tools.topology import Commands


@pytest.fixture(scope="session")
def commands() -> Commands:
    return find_commands()


@pytest.fixture
async def runtime(tmp_path: Path, commands: Commands) -> AsyncIterator[Runtime]:
    async with Runtime(tmp_path, commands) as running:
        yield running
