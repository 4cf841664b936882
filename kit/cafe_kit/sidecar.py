"""The sidecar port: the only network peer a service has.

Errors::

    SidecarError
    ├── Conflict      a save lost against another writer
    ├── Unavailable   no answer, a late one, or a dependency behind the sidecar is away
    └── Rejected      the sidecar refuses this call and always will (size, scope, syntax)

After `Conflict` and after `Unavailable` alike the caller of `save` must read again before it
decides anything: stores answer a lost insert race with 409 or 500, an outage can look like a
conflict, and a save that timed out may have happened (docs/adr/0001).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from cafe_kit.sidecar_facts import Breaker, Metadata

MAX_BODY_BYTES: Final = 1024 * 1024
"""The largest body a call may send. aiohttp would block on more; daprd cuts off at 4 MiB."""


class SidecarError(Exception):
    """A call to the sidecar did not succeed."""


class Conflict(SidecarError):
    """Another writer was first."""


class Unavailable(SidecarError):
    """The outcome is unknown or the dependency is away; the call may be repeated."""


class Rejected(SidecarError):
    """The call can never succeed as it is."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the store holds it: JSON text and the tag of this very version."""

    value: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Write:
    """One document to save. `etag` None inserts: it fails if the key exists."""

    key: str
    value: bytes
    etag: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What an invoked app answered. Header names are lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def check_size(what: str, body: bytes) -> None:
    """Raise `Rejected` for a body above MAX_BODY_BYTES."""
    if len(body) > MAX_BODY_BYTES:
        raise Rejected(f"{what}: larger than {MAX_BODY_BYTES} bytes")


class Sidecar(Protocol):
    """Every verb has a deadline and raises `Unavailable` when it passes.

    A body over `MAX_BODY_BYTES` and a key that is empty or has `||` in it are `Rejected`.
    Values and events are JSON text in UTF-8. Numbers pass through a double on the way to the
    store, and Redis keeps six decimals, so ids are strings and counts are whole and below 2**53.
    """

    async def get(self, key: str) -> Stored | None:
        """Return the document, or None when there is none."""
        ...

    async def get_many(self, keys: Sequence[str]) -> dict[str, Stored]:
        """Return the documents that exist among `keys`, in one call."""
        ...

    async def save(self, write: Write) -> None:
        """Compare and set one document. Raises `Conflict`, `Unavailable` or `Rejected`."""
        ...

    async def save_many(self, writes: Sequence[Write]) -> None:
        """Compare and set each document on its own, in one call.

        Not atomic: after an error some may be saved. Only for documents whose writer reads again
        and folds the same input to the same result (docs/adr/0008).
        """
        ...

    async def publish(self, topic: str, event: bytes, *, pubsub: str = "") -> None:
        """Hand one CloudEvent (structured JSON) to the broker: the usual one, or that named."""
        ...

    async def invoke(
        self,
        app_id: str,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call another app or HTTP endpoint through its name; any status it gives is a `Reply`."""
        ...

    async def schedule(self, name: str, *, due_s: float, data: bytes) -> None:
        """Have `POST /job/{name}` called with `data` (JSON) in `due_s` seconds; replaces `name`."""
        ...

    async def unschedule(self, name: str) -> None:
        """Forget a scheduled call; unknown names are fine."""
        ...

    async def metadata(self) -> Metadata:
        """Return what the sidecar has loaded and which topics it delivers."""
        ...

    async def breakers(self) -> tuple[Breaker, ...]:
        """Return every circuit breaker that was ever asked, as it was before the last call."""
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...
