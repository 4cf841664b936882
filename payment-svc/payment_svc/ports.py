"""What payment-svc needs from others."""

from typing import Protocol

from payment_svc.domain import Charged, Declined, Payment


class Gateway(Protocol):
    """The card processor."""

    async def charge(self, payment: Payment) -> Charged | Declined:
        """Charge the whole amount under the payment's own key; repeating it changes nothing.

        Raises `cafe_kit.sidecar.Unavailable` when the outcome is not known.
        """
        ...
