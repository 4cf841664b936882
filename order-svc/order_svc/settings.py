"""order-svc's settings."""

from pydantic import Field

from cafe_kit import settings


class Settings(settings.Settings):
    """The deadlines of the saga, in seconds.

    An order that is not paid, or not accepted, for so long is cancelled; a cancellation unanswered
    for so long is asked for again, and reported every `alert_after_s`. For an accepted order all is
    said again every `look_again_s`, in case its end was not heard of.
    Limits: drinks of one order by line, and unfinished orders of one customer.
    """

    payment_deadline_s: float = Field(default=60, gt=0)
    accept_deadline_s: float = Field(default=300, gt=0)
    cancel_answer_s: float = Field(default=10, gt=0)
    alert_after_s: float = Field(default=60, gt=0)
    look_again_s: float = Field(default=1800, gt=0)
    max_items: int = Field(default=20, gt=0)
    max_open_orders: int = Field(default=20, gt=0)
