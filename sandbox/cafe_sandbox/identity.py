"""An identity provider to develop against: it signs a token for whoever asks, and shows its keys.

Tokens are JWTs (RFC 7519) signed with EdDSA over Ed25519; the header names the key (`kid`), the
claims are iss, aud, sub, roles, cafe_id (if asked for), iat and exp.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cafe_sandbox.keyring import Keyring, KeyringError
from cafe_sandbox.server import new_app, read_options, serve

Text = Annotated[str, Field(min_length=1, max_length=128)]
Role = Literal["customer", "barista", "rider", "operator"]
TTL_S = 3_600


class TokenRequest(BaseModel):
    """`POST /token`; `ttl_s` up to an hour, not above 0 gives a token that is expired already."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sub: Text
    roles: Annotated[list[Role], Field(min_length=1, max_length=4)]
    cafe_id: Text | None = None
    ttl_s: Annotated[int, Field(ge=-TTL_S, le=TTL_S)] = TTL_S

    @model_validator(mode="after")
    def _barista_has_a_cafe(self) -> Self:
        if "barista" in self.roles and self.cafe_id is None:
            raise ValueError("a barista needs a cafe_id")
        return self


class TokenAnswer(BaseModel):
    """The signed token and its lifetime in seconds."""

    access_token: str
    expires_in: int


class Identity:
    """The routes, over one keyring."""

    def __init__(self, keyring: Keyring, issuer: str, audience: str) -> None:
        self._keyring = keyring
        self._issuer = issuer
        self._audience = audience

    async def token(self, asked: TokenRequest) -> TokenAnswer:
        """Give a bearer token for the claims asked for."""
        now_s = int(datetime.now(UTC).timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now_s,
            "exp": now_s + asked.ttl_s,
            **asked.model_dump(exclude={"ttl_s"}, exclude_none=True),
        }
        return TokenAnswer(access_token=self._keyring.sign(claims), expires_in=asked.ttl_s)

    async def jwks(self) -> dict[str, Any]:
        """Give the public keys as a JWK Set (RFC 7517), the signing key first."""
        return {"keys": self._keyring.public_jwks()}

    async def rotate(self) -> dict[str, str]:
        """Sign with a new key from now on; give its `{"kid"}`."""
        return {"kid": self._keyring.rotate()}


def create_app(keyring: Keyring, issuer: str, audience: str) -> FastAPI:
    """Give the app over an open keyring."""
    app, identity = new_app("Sandbox identity provider"), Identity(keyring, issuer, audience)
    app.add_api_route("/token", identity.token, methods=["POST"])
    app.add_api_route("/.well-known/jwks.json", identity.jwks)
    app.add_api_route("/rotate", identity.rotate, methods=["POST"])
    return app


def main() -> None:
    """Run `python -m cafe_sandbox.identity`."""
    options = read_options(
        "cafe_sandbox.identity",
        "An identity provider to develop against: signs any token (TOKEN_ISSUER, TOKEN_AUDIENCE "
        "in the environment change iss and aud), shows its keys, rotates them.",
        9012,
        ".run/identity-keys.json",
    )
    try:
        keyring = Keyring(options.data)
    except (OSError, KeyringError) as error:
        sys.exit(f"cafe_sandbox.identity cannot use the keys in {options.data}: {error}")
    issuer = os.environ.get("TOKEN_ISSUER", "https://identity.cafe.example")
    serve(create_app(keyring, issuer, os.environ.get("TOKEN_AUDIENCE", "cafe")), options.port)


if __name__ == "__main__":
    main()
