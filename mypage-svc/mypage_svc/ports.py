"""What mypage-svc's use cases need of its store, and of its other replicas."""

from collections.abc import Sequence
from typing import Protocol

from mypage_svc.indexes import CustomerIndex, Entry
from mypage_svc.model import Fact, Row


class Shown(Protocol):
    """What streams read of the documents."""

    async def rows(self, order_ids: Sequence[str]) -> list[Row]:
        """Return the rows that exist, in the sequence asked for."""
        ...

    async def on_lists(self, names: Sequence[str]) -> list[Entry]:
        """Return what stands on lists, longest there first."""
        ...


class Pages(Shown, Protocol):
    """The documents of the read side."""

    async def project(self, facts: Sequence[Fact]) -> list[Row]:
        """Fold facts into their documents and save them; return the rows that changed.

        Raises `Unavailable`; `Rejected` and `Conflict` where one of the facts may be to blame.
        """
        ...

    async def row(self, order_id: str) -> Row | None:
        """Return one page row."""
        ...

    async def of_customer(self, customer_id: str, number: int = 0) -> CustomerIndex:
        """Return a document of a customer's orders (0: the newest), empty when there is none."""
        ...


class Replicas(Protocol):
    """All running copies of this service, this one among them."""

    async def tell(self, rows: Sequence[Row]) -> None:
        """Say that these rows have changed. Raises `SidecarError`."""
        ...
