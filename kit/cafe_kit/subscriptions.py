"""One table drives all a service hears: its subscriptions, their routes, their answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar, cast

from dapr.ext.fastapi import DaprApp
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError

from cafe_kit.events import Cause, Received, View
from cafe_kit.logs import bound, get_logger
from cafe_kit.metrics import EVENTS
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome, Retry
from cafe_kit.sidecar import Rejected, SidecarError

_Register = Callable[[Callable[[Request], Awaitable[Response]]], None]
ServiceT = TypeVar("ServiceT")
ViewT = TypeVar("ViewT", bound=View)
Handle = Callable[[bytes], Awaitable[Outcome]]
"""Handles one delivered envelope; raises nothing."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Reaction(Generic[ServiceT, ViewT]):
    """One row: this event is heard, and this is done.

    `undoes` names the event it compensates. `by_each` replica: an event of the service's own that
    every copy of it is to hear, not one of them.
    """

    hears: type[ViewT]
    does: Callable[[ServiceT, Received[ViewT], Cause], Awaitable[Outcome]]
    undoes: str = ""
    by_each: bool = False


def _answer(status: str) -> Response:
    return Response(b'{"status":"%s"}' % status.encode(), media_type="application/json")


_ANSWERS: Final = {
    Done: _answer("SUCCESS"),
    Duplicate: _answer("SUCCESS"),
    Retry: _answer("RETRY"),
    Drop: _answer("DROP"),
}


def dead_letter_topic(app_id: str) -> str:
    """Return the topic that keeps what this app could not handle."""
    return f"cafe.dead-letter.{app_id}"


def handlers(
    service: ServiceT, reactions: Sequence[Reaction[ServiceT, Any]]
) -> Mapping[str, Handle]:
    """Return what is done with an envelope, by topic."""
    return {
        reaction.hears.TOPIC: partial(_handle, service, reaction, Received[reaction.hears])
        for reaction in reactions
    }


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """What an app hears, on which broker component, and who takes its dead letters.

    Letters come through a component of their own: its retries have no end, so what cannot be
    parked stays in the broker, and it must not take the others' workers. `elsewhere` names the
    component of each topic that comes through another one than `pubsub`.
    """

    app_id: str
    pubsub: str
    letter_pubsub: str
    handlers: Mapping[str, Handle]
    letters: Handle
    elsewhere: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that the sidecar must have subscribed to."""
        return frozenset({*self.handlers, dead_letter_topic(self.app_id)})

    def register(self, app: FastAPI) -> None:
        """Add one route per topic, and `GET /dapr/subscribe` for the sidecar to read them."""
        dapr, letters = DaprApp(app), dead_letter_topic(self.app_id)
        for topic, handle in self.handlers.items():
            pubsub, route = self.elsewhere.get(topic, self.pubsub), f"/events/{topic}"
            register = cast(
                "_Register",
                dapr.subscribe(pubsub, topic, route=route, dead_letter_topic=letters),
            )
            register(_route(topic, handle))
        register = cast(
            "_Register",
            dapr.subscribe(self.letter_pubsub, letters, route=f"/events/{letters}"),
        )
        register(_route(letters, partial(_never_dropped, self.letters)))


def _route(topic: str, handle: Handle) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        outcome = await handle(await request.body())
        EVENTS.labels(topic, type(outcome).__name__).inc()
        if isinstance(outcome, Retry | Drop):
            _log.warning("event not handled", topic=topic, outcome=str(outcome))
        return _ANSWERS[type(outcome)]

    return receive


async def _never_dropped(letters: Handle, body: bytes) -> Outcome:
    """Park a letter, or leave it in the broker."""
    try:
        return await letters(body)
    except SidecarError as error:
        return Retry(str(error))
    except Exception as error:  # noqa: BLE001 - logged in full; the broker delivers again
        _log.exception("dead letter not parked")
        return Retry(repr(error))


async def _handle(
    service: ServiceT,
    reaction: Reaction[ServiceT, Any],
    codec: type[Received[Any]],
    body: bytes,
) -> Outcome:
    try:
        event = codec.model_validate_json(body)
    except ValidationError as error:
        return Drop(f"not an event of {reaction.hears.TOPIC}: {error.errors()[0]['msg']}")
    if event.type != reaction.hears.TOPIC:
        return Drop(f"{event.type} is not an event of {reaction.hears.TOPIC}")
    with bound(subject=event.subject, cause_id=event.id):
        try:
            return await reaction.does(service, event, Cause(event.id))
        except Rejected as error:
            return Drop(str(error))
        except SidecarError as error:
            return Retry(str(error))
        except Exception as error:  # noqa: BLE001 - logged in full; the broker delivers again
            _log.exception("handler failed", topic=event.type)
            return Retry(repr(error))
