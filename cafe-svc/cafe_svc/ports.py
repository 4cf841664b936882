"""What the use cases of cafe-svc need of its catalogue."""

from typing import Protocol

from cafe_svc.catalogue import Cafe, Trigger


class Catalogue(Protocol):
    """The cafes and their menus."""

    async def found(self) -> None:
        """Insert the seed's cafes where they do not exist. Raises `SidecarError`."""
        ...

    async def get(self, cafe_id: str) -> Cafe | None:
        """Return one cafe, at most 5 s old, or None when nobody knows it.

        Raises `SidecarError`, also while the seed is not stored yet: that is not "unknown".
        """
        ...

    async def change(self, cafe_id: str, trigger: Trigger) -> Cafe:
        """Change a cafe or its menu. Raises `NotFound`, `Refused` or `SidecarError`."""
        ...

    async def all(self) -> list[Cafe]:
        """Return every cafe."""
        ...
