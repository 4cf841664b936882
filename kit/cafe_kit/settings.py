"""Environment variables -> one frozen object, read once in `main`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Settings(BaseModel):
    """What every service needs. A field `token_issuer` is read from `TOKEN_ISSUER`.

    `guard_after_s`: so long after a command somebody looks whether its events are out.
    `fault_kill` is for tests (cafe_kit/faults.py) and refused in production.
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
    guard_after_s: float = Field(default=10.0, gt=0)
    fault_kill: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the fields of this class from the environment."""
        return cls.model_validate({k: v for k in cls.model_fields if (v := env.get(k.upper()))})

    @model_validator(mode="after")
    def _no_faults_in_production(self) -> Self:
        if self.fault_kill is not None and self.environment == "production":
            raise ValueError("FAULT_KILL is for tests; take it away where ENVIRONMENT=production")
        return self
