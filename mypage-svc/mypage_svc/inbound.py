"""What mypage-svc hears: everything the owners say, only the fields a page shows."""

from typing import ClassVar

from pydantic import AwareDatetime

from cafe_kit.events import View
from mypage_svc.events import Changed
from mypage_svc.model import Fact, Fulfilment, Item, Money, Placed, Source, Why


class Told(View):
    """What every event begins with."""

    SOURCE: ClassVar[Source]

    order_id: str
    customer_id: str
    cafe_id: str
    version: int
    status: str
    occurred_at: AwareDatetime

    def fact(self) -> Fact:
        """Translate for the fold."""
        return Fact(
            order_id=self.order_id,
            customer_id=self.customer_id,
            cafe_id=self.cafe_id,
            event=type(self).__name__,
            source=self.SOURCE,
            version=self.version,
            status=self.status,
            at=self.occurred_at,
            placed=self.placed(),
            ready_at=self.promised(),
            refunded=self.given_back(),
            rider=self.ridden_by(),
            why=self.explained(),
        )

    def placed(self) -> Placed | None:
        """Return what only OrderPlaced tells."""
        return None

    def promised(self) -> AwareDatetime | None:
        """Return what only OrderAccepted tells."""
        return None

    def given_back(self) -> Money | None:
        """Return what only PaymentRefunded tells."""
        return None

    def ridden_by(self) -> str | None:
        """Return what only DeliveryStarted tells."""
        return None

    def explained(self) -> Why | None:
        """Return what OrderCancelled and OrderRejected tell."""
        return None


class OrderPlaced(Told):
    """From order-svc."""

    TOPIC = "cafe.OrderPlaced.v1"
    SOURCE = Source.ORDER
    items: tuple[Item, ...]
    total: Money
    fulfilment: Fulfilment
    note: str | None

    def placed(self) -> Placed:
        return Placed(self.items, self.total, self.fulfilment, self.note, self.occurred_at)


class OrderCancelled(Told):
    """From order-svc."""

    TOPIC = "cafe.OrderCancelled.v1"
    SOURCE = Source.ORDER
    reason: str

    def explained(self) -> Why:
        return Why(self.reason)


class Paid(Told):
    """From payment-svc."""

    TOPIC = "cafe.Paid.v1"
    SOURCE = Source.PAYMENT


class PaymentFailed(Told):
    """From payment-svc."""

    TOPIC = "cafe.PaymentFailed.v1"
    SOURCE = Source.PAYMENT


class OrderQueued(Told):
    """From cafe-svc."""

    TOPIC = "cafe.OrderQueued.v1"
    SOURCE = Source.CAFE_ORDER


class OrderAccepted(Told):
    """From cafe-svc."""

    TOPIC = "cafe.OrderAccepted.v1"
    SOURCE = Source.CAFE_ORDER
    ready_at: AwareDatetime

    def promised(self) -> AwareDatetime:
        return self.ready_at


class MakeStarted(Told):
    """From cafe-svc."""

    TOPIC = "cafe.MakeStarted.v1"
    SOURCE = Source.CAFE_ORDER


class MakeCompleted(Told):
    """From cafe-svc."""

    TOPIC = "cafe.MakeCompleted.v1"
    SOURCE = Source.CAFE_ORDER


class OrderPickedUp(Told):
    """From cafe-svc."""

    TOPIC = "cafe.OrderPickedUp.v1"
    SOURCE = Source.CAFE_ORDER


class DeliveryStarted(Told):
    """From cafe-svc."""

    TOPIC = "cafe.DeliveryStarted.v1"
    SOURCE = Source.CAFE_ORDER
    rider: str

    def ridden_by(self) -> str:
        return self.rider


class DeliveryConfirmed(Told):
    """From cafe-svc."""

    TOPIC = "cafe.DeliveryConfirmed.v1"
    SOURCE = Source.CAFE_ORDER


class OrderCancelRequested(Told):
    """From order-svc."""

    TOPIC = "cafe.OrderCancelRequested.v1"
    SOURCE = Source.ORDER


class PaymentCancelled(Told):
    """From payment-svc."""

    TOPIC = "cafe.PaymentCancelled.v1"
    SOURCE = Source.PAYMENT


class RefundFailed(Told):
    """From payment-svc."""

    TOPIC = "cafe.RefundFailed.v1"
    SOURCE = Source.PAYMENT


class OrderRejected(Told):
    """From cafe-svc."""

    TOPIC = "cafe.OrderRejected.v1"
    SOURCE = Source.CAFE_ORDER
    reason: str
    detail: str | None

    def explained(self) -> Why:
        return Why(self.reason, self.detail)


class CafeOrderCancelled(Told):
    """From cafe-svc."""

    TOPIC = "cafe.CafeOrderCancelled.v1"
    SOURCE = Source.CAFE_ORDER


class OrderCancelRefused(Told):
    """From cafe-svc."""

    TOPIC = "cafe.OrderCancelRefused.v1"
    SOURCE = Source.CAFE_ORDER


class OrderUncollected(Told):
    """From cafe-svc."""

    TOPIC = "cafe.OrderUncollected.v1"
    SOURCE = Source.CAFE_ORDER


class PaymentRefunded(Told):
    """From payment-svc."""

    TOPIC = "cafe.PaymentRefunded.v1"
    SOURCE = Source.PAYMENT
    amount: Money

    def given_back(self) -> Money:
        return self.amount


class PageChanged(View):
    """From this service's own replicas."""

    TOPIC = "cafe.PageChanged.v1"
    changes: tuple[Changed, ...]
