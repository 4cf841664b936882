"""What k8s/ would send to a cluster keeps every policy, in every overlay, with every component."""

import pytest

from tests.manifests.policies import POLICIES
from tools.manifest_render import Rendering

pytestmark = pytest.mark.manifests


@pytest.mark.parametrize("policy", POLICIES)
def test_every_rendering_keeps_the_policy(policy: str, renderings: dict[str, Rendering]) -> None:
    judge = POLICIES[policy]

    broken_in: dict[str, list[str]] = {}
    for name, rendering in renderings.items():
        for complaint in sorted(set(judge(rendering))):
            broken_in.setdefault(complaint, []).append(name)

    assert not broken_in, "\n".join(f"{each}: {where}" for each, where in broken_in.items())
