"""An identity provider to develop against: it signs a token for whoever asks, and shows its keys.

Programs ask `POST /token` with the claims they want; browsers sign in as oidc.py says.
"""

import argparse
import os
import sys
import time
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from cafe_sandbox.grants import Grants
from cafe_sandbox.kept import Now
from cafe_sandbox.keyring import Keyring, KeyringError
from cafe_sandbox.oidc import Front, Oidc
from cafe_sandbox.people import Person
from cafe_sandbox.server import LOOPBACK, new_app, read_options, serve
from cafe_sandbox.signer import Signer

TTL_S = 3_600
SHORTEST_TTL_S = 5
FORM = "application/x-www-form-urlencoded"
JWKS = "/.well-known/jwks.json"
FOR_SCRIPTS = frozenset({"/token", "/.well-known/openid-configuration", JWKS})
"""What the web app reads by script: only its origin is let in."""


class TokenRequest(Person):
    """`POST /token`; `ttl_s` up to an hour, not above 0 gives a token that is expired already."""

    ttl_s: Annotated[int, Field(ge=-TTL_S, le=TTL_S)] = TTL_S

    def person(self) -> Person:
        """Give whose claims they are."""
        return Person(sub=self.sub, roles=self.roles, cafe_id=self.cafe_id)


class Identity:
    """The routes of programs, over one keyring; the token endpoint is also that of browsers."""

    def __init__(self, keyring: Keyring, signer: Signer, oidc: Oidc) -> None:
        self._keyring = keyring
        self._signer = signer
        self._oidc = oidc

    async def token(self, request: Request) -> Response:
        """Give a bearer token for the claims of a JSON body, or tokens for the grant of a form."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
            return await self._oidc.token(request)
        try:
            asked = TokenRequest.model_validate_json(await request.body())
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error
        token = self._signer.access_token(asked.person(), asked.ttl_s)
        return JSONResponse({"access_token": token, "expires_in": asked.ttl_s})

    async def jwks(self) -> dict[str, Any]:
        """Give the public keys as a JWK Set (RFC 7517), the signing key first."""
        return {"keys": self._keyring.public_jwks()}

    async def rotate(self) -> dict[str, str]:
        """Sign with a new key from now on; give its `{"kid"}`."""
        return {"kid": self._keyring.rotate()}


class CorsFor:
    """ASGI middleware: cross-origin requests of `origins` may read these paths and no other."""

    def __init__(self, app: ASGIApp, paths: frozenset[str], origins: list[str]) -> None:
        self._app = app
        self._paths = paths
        self._open = CORSMiddleware(app, allow_origins=origins, allow_methods=["GET", "POST"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request."""
        opened = scope["type"] == "http" and scope["path"] in self._paths
        await (self._open if opened else self._app)(scope, receive, send)


def create_app(
    keyring: Keyring, issuer: str, audience: str, front: Front | None = None, now: Now = time.time
) -> FastAPI:
    """Give the app over an open keyring."""
    front = front or Front()
    signer = Signer(keyring, issuer, audience, now)
    oidc = Oidc(signer, Grants(now), front)
    app, identity = new_app("Sandbox identity provider"), Identity(keyring, signer, oidc)
    oidc.install(app)
    app.add_api_route("/token", identity.token, methods=["POST"])
    app.add_api_route(JWKS, identity.jwks)
    app.add_api_route("/rotate", identity.rotate, methods=["POST"])
    app.add_middleware(CorsFor, paths=FOR_SCRIPTS, origins=front.origins)
    return app


def redirect_uri(text: str) -> str:
    """Parse an absolute http(s) URI without a fragment (RFC 6749, 3.1.2)."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or "#" in text:
        raise argparse.ArgumentTypeError("a redirect URI is absolute and has no fragment")
    return text


def token_ttl(text: str) -> int:
    """Parse the lifetime of a browser's tokens."""
    ttl_s = int(text)
    if not SHORTEST_TTL_S <= ttl_s <= TTL_S:
        raise argparse.ArgumentTypeError(f"from {SHORTEST_TTL_S} to {TTL_S} seconds")
    return ttl_s


def _more_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--redirect-uri",
        type=redirect_uri,
        action="append",
        default=[],
        help="where a browser may be sent back to, e.g. http://127.0.0.1:9011/; may be repeated",
    )
    parser.add_argument(
        "--public-url", help=f"how browsers reach this (default: http://{LOOPBACK}:PORT)"
    )
    parser.add_argument(
        "--token-ttl-s", type=token_ttl, default=900, help="how long a browser's tokens live"
    )


def main() -> None:
    """Run `python -m cafe_sandbox.identity`."""
    options = read_options(
        "cafe_sandbox.identity",
        "An identity provider to develop against: signs any token (TOKEN_ISSUER, TOKEN_AUDIENCE "
        "in the environment change iss and aud), shows its keys, rotates them, signs browsers in.",
        9012,
        ".run/identity-keys.json",
        _more_options,
    )
    try:
        keyring = Keyring(options.data)
    except (OSError, KeyringError) as error:
        sys.exit(f"cafe_sandbox.identity cannot use the keys in {options.data}: {error}")
    asked = options.more
    front = Front(
        public_url=asked.public_url or f"http://{LOOPBACK}:{options.port}",
        redirect_uris=tuple(asked.redirect_uri),
        token_ttl_s=asked.token_ttl_s,
    )
    issuer = os.environ.get("TOKEN_ISSUER", "https://identity.cafe.example")
    audience = os.environ.get("TOKEN_AUDIENCE", "cafe")
    serve(create_app(keyring, issuer, audience, front), options)


if __name__ == "__main__":
    main()
