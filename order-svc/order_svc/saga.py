"""What order-svc hears and does; the compensation stands beside the step it undoes."""

from collections.abc import Sequence
from typing import Any, Final

from cafe_kit.subscriptions import Reaction
from order_svc import inbound, use_cases
from order_svc.use_cases import Orders

REACTIONS: Final[Sequence[Reaction[Orders, Any]]] = (
    Reaction(inbound.Paid, use_cases.paid),
    Reaction(inbound.PaymentFailed, use_cases.payment_failed, undoes="OrderPlaced"),
    Reaction(inbound.OrderAccepted, use_cases.accepted),
    Reaction(inbound.OrderPickedUp, use_cases.picked_up),
    Reaction(inbound.DeliveryConfirmed, use_cases.delivered),
)
