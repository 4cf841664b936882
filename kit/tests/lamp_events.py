"""Envelopes as a sidecar delivers them."""

import json
from typing import Any, Final

from kit.tests.lamp import NOW

LIT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "event-1",
    "type": "lamp.Lit.v1",
    "source": "lamp-svc",
    "subject": "lamp-1",
    "time": NOW.isoformat(),
    "data": {"lamp_id": "lamp-1", "presses": 3, "unknown": True},
    "traceparent": "",
    "topic": "lamp.Lit.v1",
}


def lit(**changes: object) -> bytes:
    """Return a delivered event; a change to `...` leaves the attribute out."""
    event = LIT | changes
    return json.dumps({name: event[name] for name in event if event[name] is not ...}).encode()
