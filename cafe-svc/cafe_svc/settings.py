"""cafe-svc's settings."""

from pydantic import Field

from cafe_kit import settings


class Settings(settings.Settings):
    """Seconds from acceptance to the promised `ready_at`, and until drinks are given up."""

    making_time_s: float = Field(default=600, gt=0)
    collection_time_s: float = Field(default=1800, gt=0)
