"""The vocabulary of a state table. Standard library only, so that a domain module may use it.

A table maps (status, trigger type) to a row; status None means that no document exists yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Move:
    """Step to a status and say at most one event; `then` is a further step of the same save."""

    to: StrEnum
    says: StrEnum | None = None
    then: "Move | None" = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing to do: the trigger is a duplicate or was overtaken."""

    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """A person asked for what cannot be done now (409)."""

    why: str


@dataclass(frozen=True, slots=True)
class Impossible:
    """Only a bug can produce this pair: dead letter and alert."""

    why: str


Stay = Ignore | Refuse | Impossible


@dataclass(frozen=True, slots=True)
class When:
    """Choose a row by a pure question about (state, trigger); guards never read a clock."""

    holds: Callable[[Any, Any], bool]
    row: "Row"
    otherwise: "Row"


Row = Move | Stay | When
Table = Mapping[tuple[StrEnum | None, type], Row]


@dataclass(frozen=True, slots=True)
class Step(Generic[State]):
    """The state after one version, and the event that version says, if any."""

    state: State
    says: StrEnum | None


@dataclass(frozen=True, slots=True)
class Decision(Generic[State]):
    """Either steps to save, or the row that says why there are none."""

    steps: tuple[Step[State], ...] = ()
    stay: Stay | None = None


def settle(
    row: Row,
    state: State | None,
    evolve: Callable[[State | None, StrEnum], State],
    trigger: object,
) -> Decision[State]:
    """Turn a row into a decision; `evolve(state, to)` builds the state after one step."""
    while isinstance(row, When):
        row = row.row if row.holds(state, trigger) else row.otherwise
    if not isinstance(row, Move):
        return Decision(stay=row)
    steps: list[Step[State]] = []
    move: Move | None = row
    while move is not None:
        state = evolve(state, move.to)
        steps.append(Step(state, move.says))
        move = move.then
    return Decision(steps=tuple(steps))


Decide = Callable[[State | None, Any, datetime], Decision[State]]
