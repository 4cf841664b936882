"""What payment-svc hears and does; the compensation stands beside the step it undoes."""

from collections.abc import Sequence
from typing import Any, Final

from cafe_kit.subscriptions import Reaction
from payment_svc import inbound, use_cases
from payment_svc.use_cases import Payments

REACTIONS: Final[Sequence[Reaction[Payments, Any]]] = (
    Reaction(inbound.OrderPlaced, use_cases.start_payment),
)
