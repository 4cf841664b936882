"""Environment variables -> one frozen object, read once in `main`."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What every service needs. A field `token_issuer` is read from `TOKEN_ISSUER`.

    Raises `pydantic.ValidationError`, which names the variable, when one is missing or malformed.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    app_id: str
    app_host: str = "127.0.0.1"
    app_port: int
    dapr_http_port: int = 3500
    dapr_api_token: str = ""
    state_store: str
    pubsub: str
    environment: Literal["development", "production"] = "development"
    token_issuer: str
    token_audience: str
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_body_bytes: int = Field(default=65_536, gt=0)
    sidecar_deadline_s: float = Field(default=5.0, gt=0)
    drain_s: int = Field(default=15, gt=0)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the fields of this class from the environment."""
        return cls.model_validate({k: v for k in cls.model_fields if (v := env.get(k.upper()))})
