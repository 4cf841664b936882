"""`world`: every test runs in memory and, where daprd is at hand, on the real thing per store."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from kit.tests.sidecar_contract.memory_world import memory_world
from kit.tests.sidecar_contract.real_world import real_world
from kit.tests.sidecar_contract.recording_app import succeed
from kit.tests.sidecar_contract.world import World
from tools.components import STORES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Stores differ in how they keep documents; all else runs on the first of them."""
    if "shared_world" in metafunc.fixturenames:
        stores = STORES if metafunc.definition.path.stem == "test_state" else STORES[:1]
        real = [pytest.param(store, marks=pytest.mark.real) for store in stores]
        metafunc.parametrize("shared_world", ["memory", *real], indirect=True, scope="session")


@pytest_asyncio.fixture(
    scope="session",
    loop_scope="session",
)
async def shared_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[World]:
    opening = (
        memory_world()
        if request.param == "memory"
        else real_world(tmp_path_factory.mktemp("contract"), request.param)
    )
    async with opening as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> World:
    """The shared world with an app that has forgotten the test before."""
    shared_world.app.answer = succeed
    shared_world.app.requests.clear()
    return shared_world
