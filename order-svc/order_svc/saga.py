"""What order-svc hears and does; the compensation stands beside the step it undoes."""

from collections.abc import Sequence
from typing import Any, Final

from cafe_kit.subscriptions import Reaction
from order_svc import inbound, model, use_cases
from order_svc.use_cases import Orders, applying

REACTIONS: Final[Sequence[Reaction[Orders, Any]]] = (
    Reaction(inbound.Paid, use_cases.paid),
    Reaction(inbound.PaymentFailed, applying(model.PaymentFailed), undoes="OrderPlaced"),
    Reaction(inbound.OrderAccepted, applying(model.OrderAccepted)),
    Reaction(inbound.OrderRejected, applying(model.OrderRejected), undoes="OrderPlaced"),
    Reaction(inbound.CafeOrderCancelled, applying(model.CafeOrderCancelled), undoes="OrderPlaced"),
    Reaction(inbound.OrderCancelRefused, applying(model.OrderCancelRefused)),
    Reaction(inbound.OrderPickedUp, applying(model.OrderPickedUp)),
    Reaction(inbound.DeliveryConfirmed, applying(model.DeliveryConfirmed)),
    Reaction(inbound.OrderUncollected, applying(model.OrderUncollected)),
)
