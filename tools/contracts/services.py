"""The four services as data: what they say, what they hear, how their aggregates move."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from fastapi import FastAPI

import cafe_svc.catalogue
import cafe_svc.domain
import cafe_svc.events
import cafe_svc.main
import cafe_svc.saga
import cafe_svc.settings
import mypage_svc.main
import mypage_svc.saga
import mypage_svc.settings
import order_svc.domain
import order_svc.events
import order_svc.main
import order_svc.saga
import order_svc.settings
import payment_svc.domain
import payment_svc.events
import payment_svc.main
import payment_svc.saga
import payment_svc.settings
from cafe_kit.clock import Clock
from cafe_kit.events import Event
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Sidecar
from cafe_kit.subscriptions import Reaction
from cafe_kit.transitions import Move, Row, When

ISSUER: Final = "https://identity.cafe.example"
AUDIENCE: Final = "cafe"

SettingsT = TypeVar("SettingsT", bound=Settings)
Build = Callable[[str, Sidecar, Clock], FastAPI]
Table = Mapping[Any, Row]


@dataclass(frozen=True)
class Edge:
    """One step of an aggregate, as a diagram shows it; `before` None: there is no document yet.

    `guard` is the answers to the row's questions; `follows` marks a further step of the same save.
    """

    before: StrEnum | None
    after: StrEnum
    trigger: str
    guard: tuple[str, ...]
    says: StrEnum | None
    follows: bool


@dataclass(frozen=True)
class Service:
    """One service. `build(app_id, sidecar, clock)` makes its real app."""

    app_id: str
    build: Build
    reactions: Sequence[Reaction[Any, Any]]
    events: Mapping[StrEnum, type[Event]] = field(default_factory=dict[StrEnum, type[Event]])
    tables: Mapping[str, Table] = field(default_factory=dict[str, Table])

    def says(self) -> dict[str, type[Event]]:
        """Return `topic -> event`."""
        return {event.TOPIC: event for event in self.events.values()}

    def hears(self) -> list[str]:
        """Return the topics of the reactions table, without what only its own replicas say."""
        return [reaction.hears.TOPIC for reaction in self.reactions if not reaction.by_each]

    def statuses(self, event: type[Event]) -> list[str]:
        """Return the statuses an aggregate can have reached when it says `event`, sorted."""
        names = {name for name, known in self.events.items() if known is event}
        steps = (edge for table in self.tables.values() for edge in edges(table))
        return sorted({edge.after.value for edge in steps if edge.says in names})


def edges(table: Table) -> Iterator[Edge]:
    """Return every step a state table allows; rows in which nothing happens are left out."""
    for (before, trigger), row in table.items():
        for guard, first in _moves(row, ()):
            state, move, follows = before, first, False
            while move is not None:
                yield Edge(state, move.to, trigger.__name__, guard, move.says, follows)
                state, move, follows = move.to, move.then, True


def _moves(row: Row, guard: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Move | None]]:
    if isinstance(row, When):
        question = row.holds.__name__.strip("_").replace("_", " ")
        yield from _moves(row.row, (*guard, question))
        yield from _moves(row.otherwise, (*guard, f"not {question}"))
    elif isinstance(row, Move):
        yield guard, row


def _builder(
    create_app: Callable[[SettingsT, Sidecar, Clock], FastAPI], settings: type[SettingsT]
) -> Build:
    def build(app_id: str, sidecar: Sidecar, clock: Clock) -> FastAPI:
        values = {"app_id": app_id, "app_port": 8000, "state_store": "store", "pubsub": "pubsub"}
        tokens = {"token_issuer": ISSUER, "token_audience": AUDIENCE}
        return create_app(settings.model_validate(values | tokens), sidecar, clock)

    return build


SERVICES: Final = (
    Service(
        "order-svc",
        _builder(order_svc.main.create_app, order_svc.settings.Settings),
        order_svc.saga.REACTIONS,
        order_svc.events.EVENTS,
        {"Order": order_svc.domain.TRANSITIONS},
    ),
    Service(
        "payment-svc",
        _builder(payment_svc.main.create_app, payment_svc.settings.Settings),
        payment_svc.saga.REACTIONS,
        payment_svc.events.EVENTS,
        {"Payment": payment_svc.domain.TRANSITIONS},
    ),
    Service(
        "cafe-svc",
        _builder(cafe_svc.main.create_app, cafe_svc.settings.Settings),
        cafe_svc.saga.REACTIONS,
        cafe_svc.events.EVENTS,
        {"CafeOrder": cafe_svc.domain.TRANSITIONS, "Cafe": cafe_svc.catalogue.TRANSITIONS},
    ),
    Service(
        "mypage-svc",
        _builder(mypage_svc.main.create_app, mypage_svc.settings.Settings),
        mypage_svc.saga.REACTIONS,
    ),
)
