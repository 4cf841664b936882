"""What cafe-svc hears and does; the compensation stands beside the step it undoes."""

from collections.abc import Sequence
from typing import Any, Final

from cafe_kit.subscriptions import Reaction
from cafe_svc import inbound, use_cases
from cafe_svc.use_cases import CafeOrders

REACTIONS: Final[Sequence[Reaction[CafeOrders, Any]]] = (
    Reaction(inbound.Paid, use_cases.add_cafe_order),
    Reaction(inbound.OrderCancelRequested, use_cases.cancel, undoes="Paid"),
)
