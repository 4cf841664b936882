"""What mypage-svc's use cases need of its store."""

from collections.abc import Sequence
from typing import Protocol

from mypage_svc.domain import Fact, Row
from mypage_svc.indexes import BoardIndex, CustomerIndex


class Pages(Protocol):
    """The documents of the read side."""

    async def project(self, facts: Sequence[Fact]) -> None:
        """Fold facts into their documents and save them. Raises `Unavailable`."""
        ...

    async def row(self, order_id: str) -> Row | None:
        """Return one page row."""
        ...

    async def rows(self, order_ids: Sequence[str]) -> list[Row]:
        """Return the rows that exist, in the sequence asked for."""
        ...

    async def of_customer(self, customer_id: str) -> CustomerIndex:
        """Return a customer's index, empty when there is none."""
        ...

    async def of_cafe(self, cafe_id: str) -> BoardIndex:
        """Return a cafe's index, empty when there is none."""
        ...
