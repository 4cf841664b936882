"""What payment-svc needs from others."""

from typing import Protocol

from payment_svc.model import (
    ChargeAttemptFailed,
    Charged,
    Declined,
    NothingCharged,
    Payment,
    RefundAttemptFailed,
    Refunded,
)


class Gateway(Protocol):
    """The card processor."""

    async def charge(self, payment: Payment) -> Charged | Declined | ChargeAttemptFailed:
        """Charge the whole amount under the payment's own key; repeating it changes nothing.

        An outcome that is not known is a failed attempt.
        """
        ...

    async def refund(self, payment: Payment) -> Refunded | NothingCharged | RefundAttemptFailed:
        """Give back whatever was charged, and close the order for charging.

        Repeating it changes nothing. An outcome that is not known is a failed attempt.
        """
        ...
