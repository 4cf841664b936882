"""What cafe-svc hears: only the fields it reads."""

from cafe_kit.events import View
from cafe_svc.model import Fulfilment, Item


class Paid(View):
    """From payment-svc; it carries the order's lines."""

    TOPIC = "cafe.Paid.v1"
    order_id: str
    customer_id: str
    cafe_id: str
    items: tuple[Item, ...]
    fulfilment: Fulfilment
    note: str | None


class OrderCancelRequested(View):
    """From order-svc: cancel it, if it can still be."""

    TOPIC = "cafe.OrderCancelRequested.v1"
    order_id: str
    customer_id: str
    cafe_id: str
