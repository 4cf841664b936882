"""What mypage-svc hears: everything is folded into pages, and who follows them is shown."""

from collections.abc import Sequence
from typing import Any, Final

from cafe_kit.subscriptions import Reaction
from mypage_svc import inbound, use_cases
from mypage_svc.use_cases import MyPages

REACTIONS: Final[Sequence[Reaction[MyPages, Any]]] = (
    Reaction(inbound.OrderPlaced, use_cases.project),
    Reaction(inbound.OrderCancelled, use_cases.project),
    Reaction(inbound.Paid, use_cases.project),
    Reaction(inbound.PaymentFailed, use_cases.project),
    Reaction(inbound.OrderQueued, use_cases.project),
    Reaction(inbound.OrderAccepted, use_cases.project),
    Reaction(inbound.MakeStarted, use_cases.project),
    Reaction(inbound.MakeCompleted, use_cases.project),
    Reaction(inbound.OrderPickedUp, use_cases.project),
    Reaction(inbound.DeliveryStarted, use_cases.project),
    Reaction(inbound.DeliveryConfirmed, use_cases.project),
    Reaction(inbound.OrderCancelRequested, use_cases.project),
    Reaction(inbound.PaymentCancelled, use_cases.project),
    Reaction(inbound.PaymentRefunded, use_cases.project),
    Reaction(inbound.RefundFailed, use_cases.project),
    Reaction(inbound.OrderRejected, use_cases.project),
    Reaction(inbound.CafeOrderCancelled, use_cases.project),
    Reaction(inbound.OrderCancelRefused, use_cases.project),
    Reaction(inbound.OrderUncollected, use_cases.project),
    Reaction(inbound.PageChanged, use_cases.show, by_each=True),
)
