"""Each flow C1 - C10 with a fault at any of its sidecar calls comes to one of its legal ends.

In the time of a test run a sample is tried, spread over all flows; `make simulate` tries them all.
"""

import pytest

from kit.tests.virtual_time import run
from tests.simulation.budget import FIRST_SEED, seeds
from tests.simulation.crash_points import begin, points_of, sample, try_point
from tests.simulation.flows import FLOWS, Flow

SHARE = 0.28


@pytest.mark.parametrize("flow", FLOWS, ids=[flow.name for flow in FLOWS])
def test_a_flow_survives_a_fault_at_any_call(flow: Flow) -> None:
    async def story() -> None:
        world = await begin()
        points = sample(await points_of(world, flow), FIRST_SEED)
        for _, point in zip(seeds(SHARE / len(FLOWS)), points, strict=False):
            await try_point(world, flow, point)
        await world.end()

    run(story())
