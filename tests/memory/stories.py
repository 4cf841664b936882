"""What the owners say of an order, as facts of the read side."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from mypage_svc.model import Fact, Fulfilment, Item, Money, Placed, Source

START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
STEPS: Final = (
    ("OrderPlaced", Source.ORDER, 1, "PLACED"),
    ("Paid", Source.PAYMENT, 2, "PAID"),
    ("OrderQueued", Source.CAFE_ORDER, 1, "QUEUED"),
    ("OrderAccepted", Source.CAFE_ORDER, 2, "ACCEPTED"),
    ("MakeStarted", Source.CAFE_ORDER, 3, "MAKING"),
    ("MakeCompleted", Source.CAFE_ORDER, 4, "READY"),
    ("DeliveryStarted", Source.CAFE_ORDER, 5, "DELIVERING"),
    ("DeliveryConfirmed", Source.CAFE_ORDER, 6, "DELIVERED"),
)
PLACED: Final = Placed(
    items=(Item("latte", "Latte", 1, Money(5000, "KRW")),),
    total=Money(5000, "KRW"),
    fulfilment=Fulfilment("delivery", "1 Teheran-ro"),
    note=None,
    at=START,
)


def story(
    order_id: str,
    steps: int = len(STEPS),
    *,
    minute: float = 0,
    customer_id: str = "ana",
    cafe_id: str = "gangnam",
    method: str = "delivery",
) -> list[Fact]:
    """Return the first facts of an order, one a second, placed `minute` minutes after START."""
    at = START + timedelta(minutes=minute)
    return [
        Fact(
            order_id=order_id,
            customer_id=customer_id,
            cafe_id=cafe_id,
            event=event,
            source=source,
            version=version,
            status=status,
            at=at + timedelta(seconds=second),
            placed=_placed(at, method) if event == "OrderPlaced" else None,
            ready_at=at + timedelta(minutes=10) if event == "OrderAccepted" else None,
            rider="rio" if event == "DeliveryStarted" else None,
        )
        for second, (event, source, version, status) in enumerate(STEPS[:steps])
    ]


def many(count: int, steps: int = 3, *, minute: float = 0) -> Iterator[Fact]:
    """Yield the facts of `count` orders of ana, a minute apart: "old-0", "old-1", ..."""
    for number in range(count):
        yield from story(f"old-{number}", steps, minute=minute + number)


def _placed(at: datetime, method: str) -> Placed:
    address = PLACED.fulfilment.address if method == "delivery" else None
    return replace(PLACED, at=at, fulfilment=Fulfilment(method, address))
