"""The identity provider's signing keys, in a file only its owner can read.

Exception
└── KeyringError      the file is there and is no keyring
"""

import base64
import hashlib
import json
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

MAX_KEYS = 3
MARK = "sandbox-"
"""Begins every key's id, so that a service in production knows whose tokens it must not take."""


class KeyringError(Exception):
    """The file is there and is no keyring; it is left as it is."""


class Keyring:
    """At most MAX_KEYS private keys, newest first; the newest signs, all verify."""

    def __init__(self, path: Path) -> None:
        """Read the file, or create it with one new key.

        Raises:
            KeyringError: the file is no keyring.
            OSError: it cannot be read or written.

        """
        self._path = path
        self._jwks = _read(path) if path.exists() else []
        if not self._jwks:
            self.rotate()

    def sign(self, claims: dict[str, Any]) -> str:
        """Give the claims as a JWT signed by the newest key."""
        newest = self._jwks[0]
        return jwt.encode(claims, jwt.PyJWK(newest), "EdDSA", headers={"kid": newest["kid"]})

    def public_jwks(self) -> list[dict[str, str]]:
        """Give the public half of every key, newest first."""
        return [{name: jwk[name] for name in jwk if name != "d"} for jwk in self._jwks]

    def rotate(self) -> str:
        """Put a new key in front, drop the oldest above MAX_KEYS, and give the new `kid`.

        Raises:
            OSError: the file cannot be written; the keys stay as they were.

        """
        jwks = [_new_jwk(), *self._jwks][:MAX_KEYS]
        _write(self._path, jwks)
        self._jwks = jwks
        return jwks[0]["kid"]


def _new_jwk() -> dict[str, str]:
    jwk = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    # RFC 7638: the thumbprint is over the required members only, in this order, without spaces.
    required = json.dumps({n: jwk[n] for n in ("crv", "kty", "x")}, separators=(",", ":"))
    digest = hashlib.sha256(required.encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {"kid": f"{MARK}{kid}", "use": "sig", "alg": "EdDSA", **jwk}


def _read(path: Path) -> list[dict[str, str]]:
    try:
        jwks: list[dict[str, str]] = json.loads(path.read_text())["keys"]
        for jwk in jwks:
            jwt.PyJWK(jwk)
            if not {"kid", "d", "x"} <= jwk.keys():
                raise KeyringError("a key without kid, d or x")
    except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as error:
        raise KeyringError("not a keyring; move it away to get new keys") from error
    return [jwk for jwk in jwks if jwk["kid"].startswith(MARK)]


def _write(path: Path, jwks: list[dict[str, str]]) -> None:
    # A temporary file is created with mode 0600; the rename makes old or new visible, never half.
    with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
        json.dump({"keys": jwks}, file)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
