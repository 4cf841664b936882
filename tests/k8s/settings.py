"""What `python -m tests.k8s` hands to the tests, through the environment of pytest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.k8s.install import Place

_NAMES = (
    "K8S_NAMESPACE",
    "K8S_CLASS",
    "K8S_OVERLAY",
    "K8S_KUSTOMIZATION",
    "K8S_RESULTS",
    "K8S_GATEWAY",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the installation is and where results go.

    `gateway` is the URL, inside of the cluster, of a Gateway API controller; empty: there is none.
    """

    place: Place
    kustomization: Path
    results: Path
    gateway: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read it; raise KeyError outside of `python -m tests.k8s`."""
        namespace, class_, overlay, kustomization, results, gateway = map(env.__getitem__, _NAMES)
        place = Place(namespace, class_, Path(overlay))
        return cls(place, Path(kustomization), Path(results), gateway)

    def env(self) -> dict[str, str]:
        """Return what `from_env` reads."""
        place = (self.place.namespace, self.place.gateway_class, self.place.overlay)
        values = (*place, self.kustomization, self.results, self.gateway)
        return dict(zip(_NAMES, map(str, values), strict=True))
