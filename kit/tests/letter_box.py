"""A lamp service that gets dead letters, and the operator who looks after them, in virtual time."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

from cafe_kit.letters import Status
from cafe_kit.memory_sidecar import Call
from cafe_kit.outcomes import Outcome
from cafe_kit.reminders import Reminders
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Reply
from cafe_kit.subscriptions import dead_letter_topic
from kit.tests.desk import Desk, loop_now
from kit.tests.issuer import Issuer
from kit.tests.lamp import SOURCE, replica_of
from kit.tests.lamp_service import SETTINGS, Service, call_of, lamp_app
from kit.tests.virtual_time import VirtualTimeLoop

LETTERS: Final = dead_letter_topic(SOURCE)
ROUTE: Final = f"/events/{LETTERS}"
PATH: Final = "/ops/dead-letters"
NO_EXPIRY: Final = 2**33
HASTY: Final = SETTINGS.model_copy(
    update={"letter_retry_first_s": 10.0, "letter_retry_most_s": 40.0}
)


@dataclass(slots=True)
class LetterBox:
    """`service` says what becomes of an event; `desk` has the sidecar, its jobs and the time."""

    service: Service = field(default_factory=Service)
    settings: Settings = SETTINGS
    desk: Desk = field(default_factory=Desk)
    issuer: Issuer = field(default_factory=Issuer)

    async def start(self) -> "LetterBox":
        """Start the process, or start it again: what it had in its memory is gone."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.heed_threads()
        sidecar, dapr = self.desk.sidecar, self.desk.dapr
        self.desk.reminders = Reminders(sidecar, loop_now)
        parts = {"service": self.service, "reminders": self.desk.reminders}
        app = lamp_app(sidecar, loop_now, self.settings, **parts)
        dapr.apps["identity-provider"] = self.issuer
        await dapr.join(SOURCE, call_of(app))
        return self

    def replica(self) -> Call:
        """Return a second process of the service over the same store and the same jobs."""
        sidecar = replica_of(self.desk.sidecar)
        return call_of(lamp_app(sidecar, loop_now, self.settings, service=self.service))

    async def receive(self, body: bytes) -> Outcome:
        """Have the broker deliver a dead letter once; unless it is done it stays pending."""
        dapr = self.desk.dapr
        dapr.accept(LETTERS, body)
        return await dapr.deliver(dapr.pending.pop())

    async def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        roles: tuple[str, ...] = ("operator",),
    ) -> Reply:
        """Send a request below /ops/dead-letters, as olga."""
        token = self.issuer.token(sub="olga", roles=list(roles), exp=NO_EXPIRY)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        sent = b"" if body is None else json.dumps(body).encode()
        return await self.desk.dapr.apps[SOURCE](method, PATH + target, sent, headers)

    async def one(self) -> dict[str, Any]:
        """Return the only letter there is, as its operator reads it."""
        [letter_id] = self.stored
        return json.loads((await self.ask("GET", f"/{letter_id}")).body)

    @property
    def stored(self) -> dict[str, Status]:
        """Return the status of every letter in the store, by id."""
        return {
            key.removeprefix("dead-letter:"): Status(document["state"]["status"])
            for key, (document, _) in self.desk.sidecar.documents.items()
            if key.startswith("dead-letter:")
        }

    @property
    def indexed(self) -> dict[str, Status]:
        """Return the status of every letter in the index, by id."""
        return {
            letter_id: Status(line["status"])
            for key, (bucket, _) in self.desk.sidecar.documents.items()
            if key.startswith("dead-letters:")
            for letter_id, line in bucket["letters"].items()
        }
