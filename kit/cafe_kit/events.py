"""Events: what a service says (`Event`), what it hears (`View`), and their CloudEvents envelope."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

ViewT = TypeVar("ViewT", bound="View")


class Event(BaseModel):
    """An event a service says. TOPIC is the CloudEvents type too, e.g. `shop.ThingDone.v1`."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True, extra="forbid")

    TOPIC: ClassVar[str]


class View(BaseModel):
    """The fields a service reads of an event it hears; everything else is ignored."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True, extra="ignore")

    TOPIC: ClassVar[str]


class CloudEvent(BaseModel):
    """The envelope as it is stored in the journal and published, CloudEvents 1.0 structured JSON.

    Never carries `traceid` or `traceparent`: daprd takes the trace from the request headers, and a
    wrongly typed attribute of that name kills a subscribing daprd 1.18.2.
    """

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str
    type: str
    source: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str
    causationid: str
    data: dict[str, JsonValue]


class Received(BaseModel, Generic[ViewT]):
    """The part of a delivered envelope that handlers need."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: str
    type: str
    source: str
    subject: str
    time: AwareDatetime
    data: ViewT


@dataclass(frozen=True, slots=True)
class Cause:
    """The input behind a change: the id of an event, or a name made from a command."""

    id: str


@dataclass(frozen=True, slots=True)
class Head:
    """What the repository knows about a step: the aggregate's new version, and when."""

    version: int
    occurred_at: datetime


def event_of(type_: type[Event], state: object, head: Head) -> Event:
    """Make the event of one step.

    `version` and `occurred_at` come from the head, every other field from the attribute of that
    name of the state after the step. Raises `AttributeError` for a field the state does not have.
    """
    own = {"version": head.version, "occurred_at": head.occurred_at}
    rest = {n: getattr(state, n) for n in type_.model_fields if n not in own}
    return type_.model_validate(own | rest)


def event_id(subject: str, source: str, version: int, type_: str) -> str:
    """Return the same id for the same step, always."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{subject}/{source}/{version}/{type_}"))


def envelope(event: Event, *, source: str, subject: str, head: Head, cause: Cause) -> CloudEvent:
    """Wrap an event for the journal and the broker."""
    return CloudEvent(
        id=event_id(subject, source, head.version, event.TOPIC),
        type=event.TOPIC,
        source=source,
        subject=subject,
        time=head.occurred_at,
        correlationid=subject,
        causationid=cause.id,
        data=event.model_dump(mode="json"),
    )
