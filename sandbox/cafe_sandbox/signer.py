"""What the provider says about people, signed: access tokens for services, ID tokens for clients.

Access tokens are JWTs (RFC 7519) signed with EdDSA over Ed25519; the header names the key (`kid`),
the claims are iss, aud, sub, roles, cafe_id (of a barista), iat and exp. An ID token (OpenID
Connect Core 1.0, section 2) says the same to the client: its aud is the client's id, so that no
service takes it.
"""

from typing import Any

from cafe_sandbox.kept import Now
from cafe_sandbox.keyring import Keyring
from cafe_sandbox.people import Person


class Signer:
    """One issuer over one keyring."""

    def __init__(self, keyring: Keyring, issuer: str, audience: str, now: Now) -> None:
        self.issuer = issuer
        self._keyring = keyring
        self._audience = audience
        self._now = now

    def access_token(self, person: Person, ttl_s: int) -> str:
        """Give a bearer token for the services, good for `ttl_s` seconds."""
        return self._sign(person, self._audience, ttl_s)

    def id_token(
        self, person: Person, client_id: str, ttl_s: int, *, began_s: int, nonce: str | None
    ) -> str:
        """Give an ID token: who signed in, when (`auth_time`), and the request's own `nonce`."""
        asked = {} if nonce is None else {"nonce": nonce}
        return self._sign(person, client_id, ttl_s, auth_time=began_s, **asked)

    def _sign(self, person: Person, audience: str, ttl_s: int, **more: object) -> str:
        now_s = int(self._now())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": audience,
            "iat": now_s,
            "exp": now_s + ttl_s,
            **person.model_dump(exclude_none=True),
            **more,
        }
        return self._keyring.sign(claims)
