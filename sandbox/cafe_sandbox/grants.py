"""Sessions, authorization codes and refresh tokens: what was granted to whom, for how long.

Exception
└── NotGranted        the code or refresh token is unknown, over, used before, or another's
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from cafe_sandbox.kept import Kept, Now
from cafe_sandbox.people import Person

SESSION_S: Final = 12 * 3600
CODE_S: Final = 60
MAX_KEPT: Final = 1_000
"""Of sessions, codes and chains of refresh tokens, each."""


class NotGranted(Exception):
    """Nothing is given for this code or token."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, since `began_s` (seconds since the epoch)."""

    person: Person
    began_s: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a code is bound to: only who asked for it can redeem it (RFC 7636)."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    nonce: str | None = None


@dataclass(slots=True)
class _Code:
    session_id: str
    asked: Asked
    used: bool = False
    chain_id: str = ""


@dataclass(slots=True)
class _Chain:
    """Refresh tokens that followed each other; only the newest is good."""

    session_id: str
    client_id: str
    newest: str


@dataclass(frozen=True, slots=True)
class Granted:
    """What tokens are made of; `refresh_token` works once."""

    session: Session
    refresh_token: str
    nonce: str | None = None


class Grants:
    """All in memory: a restart signs everybody out."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._sessions = Kept[Session](now, limit=MAX_KEPT, ttl_s=SESSION_S)
        self._codes = Kept[_Code](now, limit=MAX_KEPT, ttl_s=CODE_S)
        self._chains = Kept[_Chain](now, limit=MAX_KEPT, ttl_s=SESSION_S)

    def begin(self, person: Person) -> str:
        """Sign somebody in; give the id of the session."""
        return self._sessions.put(Session(person, int(self._now())))

    def session(self, session_id: str) -> Session | None:
        """Give the session, None when it has ended."""
        return self._sessions.get(session_id)

    def end(self, session_id: str) -> None:
        """Sign somebody out; refresh tokens of the session are worth nothing any more."""
        self._sessions.drop(session_id)

    def code(self, session_id: str, asked: Asked) -> str:
        """Give a code that can be redeemed once, within CODE_S seconds."""
        return self._codes.put(_Code(session_id, asked))

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Granted:
        """Give what the code stands for; whatever comes of it, the code is used up.

        Raises:
            NotGranted: as above. A second use also ends what came of the first (RFC 6749, 4.1.2).

        """
        found = self._codes.get(code)
        if found is None:
            raise NotGranted("The code is unknown or older than a minute.")
        if found.used:
            self._chains.drop(found.chain_id)
            raise NotGranted("The code was used before.")
        found.used = True
        asked = found.asked
        if (client_id, redirect_uri) != (asked.client_id, asked.redirect_uri):
            raise NotGranted("The code was given to another client or redirect_uri.")
        if not hmac.compare_digest(challenge_of(verifier), asked.code_challenge):
            raise NotGranted("The code_verifier does not fit the code_challenge.")
        chain = _Chain(found.session_id, client_id, secrets.token_urlsafe(32))
        session = self._session_of(chain)
        found.chain_id = self._chains.put(chain)
        return Granted(session, f"{found.chain_id}.{chain.newest}", asked.nonce)

    def refresh(self, token: str, *, client_id: str) -> Granted:
        """Give a new refresh token for the newest one of its chain.

        Raises:
            NotGranted: as above. An older one was stolen, or its thief was faster: the chain ends.

        """
        chain_id, _, secret = token.partition(".")
        chain = self._chains.get(chain_id)
        if chain is None or chain.client_id != client_id:
            raise NotGranted("The refresh token is unknown, revoked or over.")
        if not hmac.compare_digest(secret.encode(), chain.newest.encode()):
            self._chains.drop(chain_id)
            raise NotGranted("The refresh token was used before; sign in again.")
        session = self._session_of(chain)
        chain.newest = secrets.token_urlsafe(32)
        return Granted(session, f"{chain_id}.{chain.newest}")

    def _session_of(self, chain: _Chain) -> Session:
        session = self._sessions.get(chain.session_id)
        if session is None:
            raise NotGranted("The session has ended; sign in again.")
        return session


def challenge_of(verifier: str) -> str:
    """Give the S256 challenge of a verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
