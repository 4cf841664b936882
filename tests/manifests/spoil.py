"""Spoils one object of a rendering."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, cast

from tests.manifests.objects import title
from tools.manifest_render import Manifest, Rendering

GONE: Final = object()
TESTED: Final = "tests/k8s/overlay"
"""What is spoiled where nothing else is said: it has services, stores, sandbox and gateway."""
SHORT: Final = {
    "POD": ("spec", "template", "spec"),
    "APP": ("spec", "template", "spec", "containers", 0),
    "LABELS": ("spec", "template", "metadata", "labels"),
    "NOTES": ("spec", "template", "metadata", "annotations"),
}
"""Where a path may begin."""


@dataclass(frozen=True)
class Spoil:
    """In the object "Kind/name", or in all of a kind, put a value at a path, or take it away.

    A path is words with spaces between, -1 the end of a list; a last "+" appends. No path means the
    whole object, which is added where it is not there.
    """

    target: str
    path: str
    value: Any = GONE
    rendering: str = TESTED

    def __str__(self) -> str:
        return f"{self.target} {self.path}"

    def __call__(self, sound: Rendering) -> Rendering:
        """Return a spoiled copy; raise LookupError where there is no such object or path."""
        return Rendering(sound.name, self._copy(sound.manifests), self._copy(sound.elsewhere))

    def _copy(self, sound: list[Manifest]) -> list[Manifest]:
        manifests = deepcopy(sound)
        if not self.path:
            rest = [each for each in manifests if title(each) != self.target]
            return rest if self.value is GONE else [*rest, cast("Manifest", self.value)]
        targets = [each for each in manifests if self.target in {title(each), each["kind"]}]
        if manifests and not targets:
            raise LookupError(f"{self.rendering} has no {self.target}")
        first, *rest = (
            int(each) if each.removeprefix("-").isdigit() else each for each in self.path.split()
        )
        for target in targets:
            _put(target, (*SHORT.get(str(first), (first,)), *rest), self.value)
        return manifests


def _put(holder: Any, path: Sequence[str | int], value: object) -> None:
    *way, last = path
    for step in way:
        holder = holder[step]
    if value is GONE:
        del holder[last]
    elif last == "+":
        holder.append(value)
    else:
        holder[last] = value
