"""What a test of the contract works with: a sidecar, the app behind it, the means to hurt it."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from cafe_kit.sidecar import Sidecar
from kit.tests.sidecar_contract.recording_app import TOPIC, RecordingApp
from tools.processes import Process

NOW: Final = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
SHORT_DEADLINE_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class World:
    """One implementation of the port in four views on the same runtime.

    `gone` finds no sidecar; `mute` has its calls carried out, but no answer ever arrives;
    `impatient` gives up after SHORT_DEADLINE_S. `settle` lets arrive what does not arrive by
    itself; inside `app_away()` the app is down and its sidecar is up. `store` is the server that
    keeps the documents, None where there is no such process.
    """

    sidecar: Sidecar
    gone: Sidecar
    mute: Sidecar
    impatient: Sidecar
    app: RecordingApp
    settle: Callable[[], Awaitable[None]]
    app_away: Callable[[], AbstractAsyncContextManager[None]]
    store: Process | None = None

    @property
    def on_redis(self) -> bool:
        """Whether the documents are in Redis, or Valkey."""
        return self.store is not None and self.store.name == "valkey"


def new_key() -> str:
    """Return a key that no other test uses."""
    return uuid4().hex


def new_event(topic: str = TOPIC, **data: object) -> tuple[str, bytes]:
    """Return a CloudEvent as the kit publishes them, with its id in front."""
    event_id = str(uuid4())
    event = {
        "specversion": "1.0",
        "id": event_id,
        "type": topic,
        "source": "contract-suite",
        "subject": "thing-7",
        "time": NOW.isoformat(),
        "datacontenttype": "application/json",
        "correlationid": "thing-7",
        "causationid": "cause-1",
        "data": data,
    }
    return event_id, json.dumps(event).encode()
