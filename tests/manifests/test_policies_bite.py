"""Each policy notices what it is there for."""

from typing import Final

import pytest

from tests.manifests import spoiled, spoiled_custom, spoiled_walls
from tests.manifests.policies import POLICIES, Policy
from tests.manifests.spoil import Spoil
from tools.manifest_render import Rendering

pytestmark = pytest.mark.manifests

SPOILED: Final = spoiled.SPOILED | spoiled_walls.SPOILED | spoiled_custom.SPOILED
CASES: Final = [(policy, spoil) for policy, spoils in SPOILED.items() for spoil in spoils]


@pytest.mark.parametrize(
    ("policy", "spoil"), CASES, ids=[f"{policy.__name__}-{spoil}" for policy, spoil in CASES]
)
def test_a_policy_notices_what_is_spoiled(
    policy: Policy, spoil: Spoil, renderings: dict[str, Rendering]
) -> None:
    sound = renderings[spoil.rendering]

    hurt = spoil(sound)

    assert set(policy(hurt)) - set(policy(sound))


def test_every_policy_is_tried() -> None:
    assert SPOILED.keys() == set(POLICIES.values())
