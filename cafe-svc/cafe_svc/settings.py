"""cafe-svc's settings."""

from pydantic import Field

from cafe_kit import settings


class Settings(settings.Settings):
    """`making_time_s`: seconds from acceptance to the promised `ready_at`."""

    making_time_s: int = Field(default=600, gt=0)
