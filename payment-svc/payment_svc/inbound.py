"""What payment-svc hears: only the fields it reads."""

from cafe_kit.events import View
from payment_svc.model import Fulfilment, Item, Money


class OrderPlaced(View):
    """From order-svc."""

    TOPIC = "cafe.OrderPlaced.v1"
    order_id: str
    customer_id: str
    cafe_id: str
    items: tuple[Item, ...]
    total: Money
    payment_method: str
    fulfilment: Fulfilment
    note: str | None


class OrderRejected(View):
    """From cafe-svc: it will not make the order."""

    TOPIC = "cafe.OrderRejected.v1"
    order_id: str
    customer_id: str
    cafe_id: str


class CafeOrderCancelled(View):
    """From cafe-svc: it has let the order go."""

    TOPIC = "cafe.CafeOrderCancelled.v1"
    order_id: str
    customer_id: str
    cafe_id: str
