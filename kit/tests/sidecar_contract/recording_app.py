"""The app behind the sidecar: it remembers what it was asked and answers as a test tells it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from cafe_kit.sidecar import Reply

APP_ID = "contract-app"
PUBSUB = "contract-pubsub"
TOPIC = "contract.ThingDone.v1"
ROUTE = "/heard/thing-done"
SUBSCRIPTIONS = json.dumps([{"pubsubname": PUBSUB, "topic": TOPIC, "route": ROUTE}]).encode()

SUCCESS = Reply(200, b'{"status":"SUCCESS"}')


@dataclass(frozen=True, slots=True)
class Request:
    """One request that arrived; `target` is the path with its query, header names lower case."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]


Answer = Callable[[Request], Awaitable[Reply]]


async def succeed(_: Request) -> Reply:
    """Answer what a subscriber answers when all is well."""
    return SUCCESS


def about(mark: str, *replies: Reply) -> Answer:
    """Answer the requests that mention `mark` in turn; other tests' late ones succeed."""
    left = iter(replies)

    async def answer(request: Request) -> Reply:
        mentioned = mark in request.target or mark.encode() in request.body
        return next(left, SUCCESS) if mentioned else SUCCESS

    return answer


async def hang(_: Request) -> Reply:
    """Never answer."""
    return await asyncio.get_running_loop().create_future()


@dataclass(slots=True)
class RecordingApp:
    """Has the shape of `cafe_kit.memory_sidecar.Call`."""

    answer: Answer = succeed
    requests: list[Request] = field(default_factory=list[Request])

    async def __call__(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        """Answer one request."""
        if target == "/dapr/config":
            return Reply(404, b"")
        if target == "/dapr/subscribe":
            return Reply(200, SUBSCRIPTIONS)
        lower = {name.lower(): value for name, value in headers.items()}
        self.requests.append(Request(method, target, body, lower))
        return await self.answer(self.requests[-1])

    def asked(self, target: str) -> list[Request]:
        """Return what was asked of one path and query."""
        return [request for request in self.requests if request.target == target]

    def heard(self, event_id: str) -> list[Request]:
        """Return the deliveries of one event."""
        return [r for r in self.asked(ROUTE) if json.loads(r.body)["id"] == event_id]
