"""One table drives all a service hears: its subscriptions, their routes, their answers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast

from dapr.ext.fastapi import DaprApp
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError

from cafe_kit.events import Cause, Received, View
from cafe_kit.logs import bound, get_logger
from cafe_kit.metrics import EVENTS
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome, Retry
from cafe_kit.sidecar import Rejected, SidecarError

ServiceT = TypeVar("ServiceT")
ViewT = TypeVar("ViewT", bound=View)
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Reaction(Generic[ServiceT, ViewT]):
    """One row: this event is heard, and this is done. `undoes` names the event it compensates."""

    hears: type[ViewT]
    does: Callable[[ServiceT, Received[ViewT], Cause], Awaitable[Outcome]]
    undoes: str = ""


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


def subscribe(
    app: FastAPI,
    service: ServiceT,
    reactions: Sequence[Reaction[ServiceT, Any]],
    *,
    pubsub: str,
    app_id: str,
) -> None:
    """Register one route per reaction, and `GET /dapr/subscribe` for the sidecar to read them."""
    dapr = DaprApp(app)
    for reaction in reactions:
        topic = reaction.hears.TOPIC
        register = cast(
            "Callable[[Callable[[Request], Awaitable[Response]]], None]",
            dapr.subscribe(
                pubsub,
                topic,
                route=f"/events/{topic}",
                dead_letter_topic=dead_letter_topic(app_id),
            ),
        )
        register(_route(service, reaction))


def _route(
    service: ServiceT, reaction: Reaction[ServiceT, Any]
) -> Callable[[Request], Awaitable[Response]]:
    topic = reaction.hears.TOPIC
    codec = Received[reaction.hears]

    async def receive(request: Request) -> Response:
        outcome = await _handle(service, reaction, codec, await request.body())
        EVENTS.labels(topic, type(outcome).__name__).inc()
        if isinstance(outcome, Retry | Drop):
            _log.warning("event not handled", topic=topic, outcome=str(outcome))
        return _ANSWERS[type(outcome)]

    return receive


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
