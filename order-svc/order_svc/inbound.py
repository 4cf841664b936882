"""What order-svc hears: only the fields it reads."""

from pydantic import AwareDatetime

from cafe_kit.events import View


class OrderView(View):
    """The correlation key."""

    order_id: str


class Paid(OrderView):
    """From payment-svc."""

    TOPIC = "cafe.Paid.v1"
    occurred_at: AwareDatetime


class PaymentFailed(OrderView):
    """From payment-svc."""

    TOPIC = "cafe.PaymentFailed.v1"


class OrderAccepted(OrderView):
    """From cafe-svc."""

    TOPIC = "cafe.OrderAccepted.v1"


class OrderPickedUp(OrderView):
    """From cafe-svc."""

    TOPIC = "cafe.OrderPickedUp.v1"


class DeliveryConfirmed(OrderView):
    """From cafe-svc."""

    TOPIC = "cafe.DeliveryConfirmed.v1"


class OrderRejected(OrderView):
    """From cafe-svc."""

    TOPIC = "cafe.OrderRejected.v1"


class CafeOrderCancelled(OrderView):
    """From cafe-svc."""

    TOPIC = "cafe.CafeOrderCancelled.v1"


class OrderCancelRefused(OrderView):
    """From cafe-svc."""

    TOPIC = "cafe.OrderCancelRefused.v1"


class OrderUncollected(OrderView):
    """From cafe-svc."""

    TOPIC = "cafe.OrderUncollected.v1"
