"""What payment-svc hears and does; the compensation stands beside the step it undoes."""

from collections.abc import Sequence
from typing import Any, Final

from cafe_kit.subscriptions import Reaction
from payment_svc import inbound
from payment_svc.model import UndoReason
from payment_svc.use_cases import Payments, start_payment, undo

REACTIONS: Final[Sequence[Reaction[Payments, Any]]] = (
    Reaction(inbound.OrderPlaced, start_payment),
    Reaction(inbound.CafeOrderCancelled, undo(UndoReason.CANCELLED), undoes="OrderPlaced"),
    Reaction(inbound.OrderRejected, undo(UndoReason.REJECTED), undoes="OrderPlaced"),
)
