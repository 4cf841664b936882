"""An identity provider for tests: keys it can rotate, tokens of every kind, faults."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from cafe_kit.sidecar import Reply
from kit.tests.lamp import NOW
from kit.tests.lamp_service import SETTINGS

LIFETIME_S = 3600
Key = Ed25519PrivateKey | RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key() -> RSAPrivateKey:
    """Return one key for all tests: making one takes a tenth of a second."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class Issuer:
    """Has the shape of `cafe_kit.memory_sidecar.Call`; `reply` replaces the key set it answers."""

    keys: dict[str, Key] = field(default_factory=lambda: {"key-1": Ed25519PrivateKey.generate()})
    away: bool = False
    reply: Reply | None = None
    asked: int = 0

    async def __call__(
        self, method: str, target: str, _body: bytes, _headers: Mapping[str, str]
    ) -> Reply:
        """Answer with the public keys."""
        assert (method, target) == ("GET", "/.well-known/jwks.json")
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionRefusedError
        return self.reply or Reply(200, json.dumps({"keys": self.public_jwks()}).encode())

    def public_jwks(self) -> list[dict[str, Any]]:
        """Return the public half of every key."""
        return [{"kid": kid, **_public_jwk(key)} for kid, key in self.keys.items()]

    def rotate(self, kid: str) -> None:
        """Sign with another key from now on; the old one is no longer shown."""
        self.keys = {kid: Ed25519PrivateKey.generate()}

    def token(self, kid: str = "key-1", **changes: Any) -> str:
        """Return a token; a claim changed to `...` is left out."""
        key = self.keys[kid]
        algorithm = _public_jwk(key)["alg"]
        return jwt.encode(claims(**changes), key, algorithm, headers={"kid": kid})

    def unsigned_token(self, kid: str = "key-1") -> str:
        """Return a token that says that it needs no signature."""
        return _compact({"alg": "none", "typ": "JWT", "kid": kid}, lambda _: b"")

    def token_signed_with_public_key(self, kid: str = "key-1") -> str:
        """Return what an attacker makes who takes the public key for a shared secret."""
        secret = json.dumps(_public_jwk(self.keys[kid])).encode()
        return _compact(
            {"alg": "HS256", "typ": "JWT", "kid": kid},
            lambda signed: hmac.digest(secret, signed, "sha256"),
        )


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good token, changed."""
    now_s = int(NOW.timestamp())
    good = {
        "iss": SETTINGS.token_issuer,
        "aud": SETTINGS.token_audience,
        "sub": "ana",
        "roles": ["keeper"],
        "iat": now_s,
        "exp": now_s + LIFETIME_S,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def _public_jwk(key: Key) -> dict[str, Any]:
    match key:
        case RSAPrivateKey():
            return {"alg": "RS256", **RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)}
        case ec.EllipticCurvePrivateKey():
            return {"alg": "ES256", **ECAlgorithm.to_jwk(key.public_key(), as_dict=True)}
        case _:
            return {"alg": "EdDSA", **OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)}


def _compact(header: dict[str, str], sign: Callable[[bytes], bytes]) -> str:
    """Make by hand the tokens that no library makes."""
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims()))
    return (signed + b"." + _base64url(sign(signed))).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
