"""What must hold for any state table; the unit tests of the services ask it of theirs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import Any, Protocol

from cafe_kit.events import Event
from cafe_kit.transitions import Decide, Decision, Move, Row, Stay, Step, When

Table = Mapping[Any, Row]
"""(status or None, type of the trigger) -> row, with a service's own types in the key."""


class HasStatus(Protocol):
    """Any state of an aggregate."""

    @property
    def status(self) -> StrEnum: ...


def status_of(state: HasStatus | None) -> StrEnum | None:
    return state.status if state is not None else None


def leaves(row: Row) -> Iterator[Move | Stay]:
    """Yield what a row can come to, guards answered both ways."""
    if isinstance(row, When):
        yield from leaves(row.row)
        yield from leaves(row.otherwise)
    else:
        yield row


def steps_of(move: Move | None) -> Iterator[Move]:
    """Yield the move and those that follow it in the same save."""
    while move is not None:
        yield move
        move = move.then


def said_by(table: Table) -> set[StrEnum | None]:
    """Return what any row says; None where a step says nothing."""
    moves = (leaf for row in table.values() for leaf in leaves(row) if isinstance(leaf, Move))
    return {step.says for move in moves for step in steps_of(move)}


def reachable(table: Table) -> set[StrEnum | None]:
    """Return the statuses that some sequence of triggers leads to, from no document on."""
    found: set[StrEnum | None] = {None}
    while True:
        rows = [row for (status, _), row in table.items() if status in found]
        moves = [leaf for row in rows for leaf in leaves(row) if isinstance(leaf, Move)]
        more = found | {step.to for move in moves for step in steps_of(move)}
        if more == found:
            return found
        found = more


def assert_complete(table: Table, statuses: type[StrEnum], *triggers: type) -> None:
    """Every status x trigger has a row, no document included, and every status is reached."""
    assert set(table) == set(product((None, *statuses), triggers))
    assert reachable(table) == {None, *statuses}


def assert_every_event_is_said(
    table: Table, says: type[StrEnum], events: Mapping[StrEnum, type[Event]]
) -> None:
    """Every event is said by some row, and has a class with the topic of its name."""
    assert said_by(table) - {None} == set(says)
    topics = {name: event.TOPIC for name, event in events.items()}
    assert topics == {name: f"cafe.{name}.v1" for name in says}


def assert_decisions_follow_the_table(
    table: Table,
    decide: Decide[Any],
    states: Sequence[HasStatus | None],
    triggers: Sequence[object],
    now: datetime,
) -> None:
    """Decide every state x trigger: only rows decide, and every leaf of every row is reached."""
    reached: set[tuple[StrEnum | None, type, Move | Stay]] = set()
    for state, trigger in product(states, triggers):
        pair = (status_of(state), type(trigger))
        row = table[pair]
        while isinstance(row, When):
            row = row.row if row.holds(state, trigger) else row.otherwise
        reached.add((*pair, row))
        decision = decide(state, trigger, now)
        if isinstance(row, Move):
            assert decision.stay is None
            found = [(step.state.status, step.says) for step in decision.steps]
            assert found == [(step.to, step.says) for step in steps_of(row)]
        else:
            assert decision == Decision(stay=row)
    assert reached == {(*pair, leaf) for pair, row in table.items() for leaf in leaves(row)}


def moved(*steps: tuple[Any, StrEnum | None]) -> Decision[Any]:
    """Return the decision that saves these (state, says), one version each."""
    return Decision(steps=tuple(Step(state, says) for state, says in steps))
