"""What mypage-svc says, and only to its own replicas: which pages have changed."""

from dataclasses import dataclass

from cafe_kit.events import Event


@dataclass(frozen=True, slots=True)
class Changed:
    """Whose page it is, and where it is made."""

    order_id: str
    customer_id: str
    cafe_id: str


class PageChanged(Event):
    """Rows that were just written together; whoever shows one of them reads it again."""

    TOPIC = "cafe.PageChanged.v1"
    changes: tuple[Changed, ...]
