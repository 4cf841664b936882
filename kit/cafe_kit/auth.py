"""Who is asking: bearer tokens (JWT) verified against the identity provider's keys.

Rules: EdDSA or RS256 only; iss, aud, exp and sub required; keys come through
the sidecar, are kept, and the last good set stays in use while the provider is away. A provider for
development, which signs for whoever asks, begins the ids of its keys with `sandbox-`: in production
no token of such a key is good, and a service that meets one at its start does not become ready.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, cast

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt.types import Options
from pydantic_core import from_json

from cafe_kit.clock import Clock
from cafe_kit.logs import get_logger
from cafe_kit.problems import Forbidden, TemporarilyAway, Unauthenticated
from cafe_kit.rates import RateLimit
from cafe_kit.sidecar import Sidecar, SidecarError

ALGORITHMS: Final = ["EdDSA", "RS256"]
_REFRESH_AFTER = timedelta(minutes=10)
_ASK_AGAIN_AFTER = timedelta(seconds=5)
_MAX_TOKEN_CHARS: Final = 8192
SANDBOX_KEY: Final = "sandbox-"
_OPTIONS: Final[Options] = {
    "require": ["exp", "iss", "aud", "sub"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}
_bearer = HTTPBearer(auto_error=False, description="A token of the identity provider (JWT)")
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. `claims` holds the whole token for what only one service reads."""

    sub: str
    roles: frozenset[str]
    claims: Mapping[str, Any]


class TokenVerifier:
    """Checks tokens; asks for keys at most every 5 s once it has some, anew after 10 min."""

    def __init__(
        self,
        sidecar: Sidecar,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
        sandbox_keys: bool = False,
    ) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._sandbox_keys = sandbox_keys
        self._keys: dict[str, jwt.PyJWK] = {}
        self._answers = 0
        self._asked_at: datetime | None = None
        self._got_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> Principal:
        """Return the caller. Raises `Unauthenticated`, or `TemporarilyAway` without any key."""
        if len(token) > _MAX_TOKEN_CHARS:
            raise Unauthenticated("The token is too long.")
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                options=_OPTIONS,
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"The token is not good: {error}.") from error
        if not _valid_at(self._clock().timestamp(), claims):
            raise Unauthenticated("The token has expired, or is not valid yet.")
        roles = claims.get("roles")
        if not isinstance(roles, list) or not claims["sub"]:
            raise Unauthenticated("The token names no roles or no subject.")
        return Principal(claims["sub"], frozenset(map(str, cast("list[Any]", roles))), claims)

    async def meets_sandbox(self) -> bool:
        """Return whether the provider is one for development, where that must not be.

        False while it is away: `verify` refuses its tokens whenever it comes.
        """
        if self._sandbox_keys:
            return False
        await self._refresh()
        return any(kid.startswith(SANDBOX_KEY) for kid in self._keys)

    async def _key(self, kid: str) -> jwt.PyJWK:
        if kid.startswith(SANDBOX_KEY) and not self._sandbox_keys:
            raise Unauthenticated("The token is a sandbox's, and this is production.")
        now = self._clock()
        stale = self._got_at is None or now - self._got_at > _REFRESH_AFTER
        if (kid not in self._keys or stale) and self._may_ask(now):
            await self._refresh()
        if kid in self._keys:
            return self._keys[kid]
        if not self._keys:
            raise TemporarilyAway("The identity provider's keys could not be read yet.")
        raise Unauthenticated("The token is signed by an unknown key.")

    def _may_ask(self, now: datetime) -> bool:
        return self._asked_at is None or not self._keys or now - self._asked_at > _ASK_AGAIN_AFTER

    async def _refresh(self) -> None:
        answers = self._answers
        async with self._lock:
            if answers != self._answers:  # Another caller was answered while this one waited.
                return
            self._asked_at = self._clock()
            try:
                reply = await self._sidecar.invoke("identity-provider", "/.well-known/jwks.json")
                keys = jwt.PyJWKSet(from_json(reply.body)["keys"]).keys
            except (SidecarError, jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
                _log.warning("keys not refreshed", error=repr(error))
                return
            finally:
                self._answers += 1
            self._keys = {key.key_id: key for key in keys if key.key_id}
            self._got_at = self._asked_at


def _valid_at(now: float, claims: Mapping[str, Any]) -> bool:
    """Compare with the injected clock, not with the library's own."""
    try:
        return float(claims.get("nbf", now)) <= now < float(claims["exp"])
    except (TypeError, ValueError):
        return False


def require(*roles: str) -> Callable[..., Awaitable[Principal]]:
    """Return a dependency: the verified caller, who has one of `roles` (any, when none is named).

    It raises `Unauthenticated` (401), `Forbidden` (403) and `TooMany` (429).
    """

    async def principal(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Principal:
        if bearer is None:
            raise Unauthenticated("Send a bearer token in the Authorization header.")
        verifier: TokenVerifier = request.app.state.verifier
        found = await verifier.verify(bearer.credentials)
        rate: RateLimit = request.app.state.rate
        rate.take(found.sub)
        if roles and found.roles.isdisjoint(roles):
            raise Forbidden(f"This needs the role {' or '.join(roles)}.")
        return found

    return principal
