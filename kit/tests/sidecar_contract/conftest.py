"""`world`: every test runs in memory and, where daprd is at hand, on the real thing."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from kit.tests.sidecar_contract.memory_world import memory_world
from kit.tests.sidecar_contract.real_world import real_world
from kit.tests.sidecar_contract.recording_app import succeed
from kit.tests.sidecar_contract.world import World


@pytest_asyncio.fixture(
    scope="session",
    loop_scope="session",
    params=["memory", pytest.param("real", marks=pytest.mark.real)],
)
async def shared_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[World]:
    opening = (
        memory_world()
        if request.param == "memory"
        else real_world(tmp_path_factory.mktemp("contract"))
    )
    async with opening as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> World:
    """The shared world with an app that has forgotten the test before."""
    shared_world.app.answer = succeed
    shared_world.app.requests.clear()
    return shared_world
