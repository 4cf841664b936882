"""mypage-svc's settings."""

from cafe_kit import settings


class Settings(settings.Settings):
    """Nothing beyond what every service needs."""
