"""Environment variables -> one frozen object, read once in `main`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

_NOBODY_S: Final = {"example", "invalid", "localhost", "test"}
"""Top-level domains that nobody can own (RFC 2606): an issuer there is a stand-in."""


class Settings(BaseModel):
    """What every service needs. A field `token_issuer` is read from `TOKEN_ISSUER`.

    Told to stop, a process takes new requests for another `drain_notice_s`, and those under way get
    `drain_s` after that. `guard_after_s`: so long after a command somebody looks whether its events
    are out.
    `app_api_token` is what the sidecar shows on its calls, `app_api_token_previous` what it showed
    before a rotation; `dapr_api_token` is shown to the sidecar.
    Limits: bytes of a body; requests of people under way, and how long a turn of the event loop may
    take while more are let in; requests a second of one caller, and how many at once after a pause;
    items of a page; inputs a document remembers; streams open in all and of one caller, how long
    one may last, and how often each looks whether it missed something.
    `letter_retry_*`: seconds from the first to the longest wait until a dead letter is tried again.
    `fault_kill` is for tests (cafe_kit/faults.py) and refused in production; so is an issuer that
    only a stand-in can have: one without https, or under a top-level domain for examples.
    Raises `pydantic.ValidationError`, which names the variable, when one is missing or malformed,
    and `OSError` when `SECRETS_DIR` cannot be read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    app_id: str
    app_host: str = "127.0.0.1"
    app_port: int
    dapr_http_port: int = 3500
    dapr_metrics_port: int = 9090
    dapr_api_token: str = ""
    state_store: str
    pubsub: str
    letter_pubsub: str = "dead-letters"
    replica_pubsub: str = "replicas"
    app_api_token: str = ""
    app_api_token_previous: str = ""
    environment: Literal["development", "production"] = "development"
    token_issuer: str
    token_audience: str
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_body_bytes: int = Field(default=65_536, gt=0)
    max_in_flight: int = Field(default=24, gt=0)
    max_turn_ms: int = Field(default=150, gt=0)
    caller_rate_per_s: float = Field(default=20, gt=0)
    caller_burst: int = Field(default=100, gt=0)
    page_limit: int = Field(default=50, gt=0)
    stream_limit: int = Field(default=400, gt=0)
    streams_per_caller: int = Field(default=6, gt=0)
    stream_life_s: float = Field(default=3600, gt=0)
    stream_look_s: float = Field(default=15, gt=0)
    journal_limit: int = Field(default=64, ge=16)
    letter_retry_first_s: float = Field(default=60, gt=0)
    letter_retry_most_s: float = Field(default=3600, gt=0)
    sidecar_deadline_s: float = Field(default=5.0, gt=0)
    drain_notice_s: float = Field(default=3.5, ge=0)
    drain_s: int = Field(default=15, gt=0)
    guard_after_s: float = Field(default=10.0, gt=0)
    fault_kill: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the fields of this class from the environment, else from files in `SECRETS_DIR`.

        What is in a file stands in no dump of a process's environment.
        """
        folder = env.get("SECRETS_DIR")
        files = {file.name: file for file in Path(folder).iterdir()} if folder else {}
        found: dict[str, str] = {}
        for field in cls.model_fields:
            name = field.upper()
            if value := env.get(name) or (name in files and files[name].read_text().strip()):
                found[field] = value
        return cls.model_validate(found)

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.environment == "production" and self.fault_kill is not None:
            raise ValueError("FAULT_KILL is for tests; take it away where ENVIRONMENT=production")
        if self.environment == "production" and not (self.app_api_token and self.dapr_api_token):
            both = "APP_API_TOKEN and DAPR_API_TOKEN are"
            raise ValueError(f"{both} needed where ENVIRONMENT=production")
        issuer = urlsplit(self.token_issuer)
        owner = (issuer.hostname or "").rpartition(".")[2]
        if self.environment == "production" and (issuer.scheme != "https" or owner in _NOBODY_S):
            raise ValueError("TOKEN_ISSUER is a sandbox's; ENVIRONMENT=production needs a real one")
        return self

    @property
    def app_api_tokens(self) -> tuple[str, ...]:
        """Every token a sidecar may show; none: whoever reaches the port may do as it does."""
        return tuple(filter(None, (self.app_api_token, self.app_api_token_previous)))
