"""What people read: one word for the order, one for its way to the door, one for the money."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from mypage_svc.domain import delivery_status, order_status, refund_status
from mypage_svc.model import Moment, Money, Part, Row, Source
from tests.memory.tables import read_grid

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CAFE: Final = {
    "-": None,
    "que": "QUEUED",
    "acc": "ACCEPTED",
    "mak": "MAKING",
    "rdy": "READY",
    "way": "DELIVERING",
    "got": "PICKED_UP",
    "home": "DELIVERED",
    "rej": "REJECTED",
    "can": "CANCELLED",
    "left": "UNCOLLECTED",
    "new": "A_STATUS_OF_NEXT_YEAR",
}
ORDER_GRID = read_grid("""
            -    que  acc  mak    rdy   way   got  home rej  can  left new
-           Ord  Paid Acc  Making Ready Ready Com  Com  Rej  Can  Unc  Paid
PLACED      Ord  Paid Acc  Making Ready Ready Com  Com  Rej  Can  Unc  Paid
CANCELLING  Cing Cing Cing Making Ready Ready Com  Com  Rej  Can  Unc  Paid
CANCELLED   Can  Can  Can  Can    Can   Can   Can  Can  Can  Can  Can  Can
""")
ORDER_WORDS: Final = {
    "Ord": "Ordered",
    "Acc": "Accepted",
    "Com": "Completed",
    "Cing": "Cancelling",
    "Can": "Cancelled",
    "Rej": "Rejected",
    "Unc": "Uncollected",
}
DELIVERY_WORDS: Final = {
    "way": "Delivering",
    "got": "Picked up",
    "home": "Delivered",
    "rej": "None",
    "can": "None",
    "left": "None",
}


def row(order: str | None = None, payment: str | None = None, cafe_order: str | None = None) -> Row:
    parts = [Part(1, status) if status else None for status in (order, payment, cafe_order)]
    return Row("o-1", "ana", "gangnam", None, parts[0], parts[1], parts[2])


@pytest.mark.parametrize(("cafe", "order"), ORDER_GRID)
def test_an_order_is_shown_as(cafe: str, order: str) -> None:
    word = ORDER_GRID[cafe, order]

    shown = order_status(row(order if order != "-" else None, "PAID", CAFE[cafe]))

    wanted = ORDER_WORDS.get(word, word)
    assert shown == ("Paid" if wanted == "Ordered" else wanted)
    if cafe == "-":
        assert order_status(row(order if order != "-" else None)) == wanted


@pytest.mark.parametrize("payment", [None, "FAILED", "VOIDED", "REFUNDING", "REFUNDED"])
def test_an_order_is_shown_as_ordered_while_nothing_is_known_of_a_payment(
    payment: str | None,
) -> None:
    assert order_status(row("PLACED", payment)) == "Ordered"


@pytest.mark.parametrize("cafe", CAFE)
def test_the_way_to_the_door_is_shown_as(cafe: str) -> None:
    shown = {
        order: delivery_status(row(order, "PAID", CAFE[cafe]))
        for order in (None, "PLACED", "CANCELLING", "CANCELLED")
    }

    wanted = DELIVERY_WORDS.get(cafe, "Before delivery")
    assert shown == {None: wanted, "PLACED": wanted, "CANCELLING": wanted, "CANCELLED": "None"}


@pytest.mark.parametrize(
    ("told", "payment", "shown"),
    [
        ("OrderPlaced Paid", "PAID", "None"),
        ("OrderPlaced PaymentFailed OrderCancelled", "FAILED", "None"),
        ("OrderPlaced CafeOrderCancelled", None, "None"),
        ("OrderPlaced CafeOrderCancelled PaymentCancelled", "VOIDED", "None"),
        ("OrderPlaced Paid CafeOrderCancelled PaymentCancelled", "VOIDED", "None"),
        ("OrderPlaced RefundFailed PaymentCancelled", "VOIDED", "None"),
        ("OrderPlaced Paid OrderCancelRequested", "PAID", "None"),
        ("OrderPlaced Paid OrderCancelRequested OrderCancelRefused", "PAID", "None"),
        ("OrderPlaced Paid CafeOrderCancelled", "PAID", "In progress"),
        ("OrderPlaced Paid OrderRejected", "PAID", "In progress"),
        ("OrderPlaced OrderRejected", None, "None"),
        ("OrderPlaced Paid CafeOrderCancelled RefundFailed", "REFUNDING", "Delayed"),
        ("OrderPlaced RefundFailed", "REFUNDING", "Delayed"),
    ],
)
def test_money_on_its_way_back_is_shown_as(told: str, payment: str | None, shown: str) -> None:
    found = row("PLACED", payment)
    moments = tuple(
        Moment(event, START + timedelta(seconds=second), Source.ORDER, 1)
        for second, event in enumerate(told.split())
    )

    assert refund_status(replace(found, timeline=moments)) == shown
    assert refund_status(replace(found, timeline=moments, refunded=Money(1, "KRW"))) == "Refunded"
