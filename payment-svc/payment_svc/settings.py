"""payment-svc's settings."""

from pydantic import Field

from cafe_kit import settings


class Settings(settings.Settings):
    """Seconds from the first to the longest wait between two attempts to charge, and to refund."""

    charge_retry_first_s: float = Field(default=1, gt=0)
    charge_retry_most_s: float = Field(default=10, gt=0)
    refund_retry_first_s: float = Field(default=1, gt=0)
    refund_retry_most_s: float = Field(default=900, gt=0)
