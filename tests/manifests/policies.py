"""Every policy by its name: a function from a rendering to what is wrong with it, in sentences."""

from collections.abc import Callable, Iterator
from typing import Final

from tests.manifests import (
    policies_custom,
    policies_dapr,
    policies_mesh,
    policies_pods,
    policies_references,
    policies_rollout,
    policies_sidecars,
    policies_walls,
)
from tools.manifest_render import Rendering

Policy = Callable[[Rendering], Iterator[str]]
MODULES: Final = (
    policies_pods,
    policies_rollout,
    policies_walls,
    policies_references,
    policies_dapr,
    policies_sidecars,
    policies_custom,
    policies_mesh,
)
POLICIES: Final[dict[str, Policy]] = {
    name: policy
    for module in MODULES
    for name, policy in vars(module).items()
    if getattr(policy, "__module__", "") == module.__name__ and not name.startswith("_")
}
