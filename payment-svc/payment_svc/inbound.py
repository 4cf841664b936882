"""What payment-svc hears: only the fields it reads."""

from cafe_kit.events import View
from payment_svc.domain import Fulfilment, Item, Money


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
