"""What must hold for any state table; the unit tests of the services ask it of theirs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """Every status x trigger has one row, no document included, and every status is reached."""
    needed = set(product((None, *statuses), triggers))
    assert needed - set(table) == set(), "missing rows"
    assert set(table) - needed == set(), "surplus rows"
    assert {None, *statuses} - reachable(table) == set(), "nothing leads there"
    assert reachable(table) - {None, *statuses} == set(), "leads to no status of this table"


def assert_every_event_is_said(
    table: Table, says: type[StrEnum], events: Mapping[StrEnum, type[Event]]
) -> None:
    """Every event is said by some row, and has a class with the topic of its name."""
    assert said_by(table) - {None} == set(says)
    topics = {name: event.TOPIC for name, event in events.items()}
    assert topics == {name: f"cafe.{name}.v1" for name in says}


def explored(
    decide: Decide[Any], triggers: Sequence[object], now: datetime, steps: int
) -> set[HasStatus | None]:
    """Return every state that at most `steps` of these triggers lead to, from no document on."""
    found: set[HasStatus | None] = {None}
    newest = found
    for _ in range(steps):
        decisions = (decide(state, trigger, now) for state, trigger in product(newest, triggers))
        newest = {d.steps[-1].state for d in decisions if d.steps} - found
        found = found | newest
    return found


def assert_every_branch_is_taken(
    table: Table, states: Iterable[HasStatus | None], triggers: Sequence[object]
) -> None:
    """Every row, and both sides of every question in it, is what some real pair comes to."""
    reached: set[tuple[StrEnum | None, type, Move | Stay]] = set()
    for state, trigger in product(states, triggers):
        pair = (status_of(state), type(trigger))
        row = table[pair]
        while isinstance(row, When):
            row = row.row if row.holds(state, trigger) else row.otherwise
        reached.add((*pair, row))
    assert {(*pair, leaf) for pair, row in table.items() for leaf in leaves(row)} - reached == set()


def read_grid(text: str) -> dict[tuple[str, str], str]:
    """Read a table of words: the states in its first line, a trigger before each other line.

    Returns {(state, trigger): word}. Raises `ValueError` for a line with a word too many or few.
    """
    head, *lines = (line.split() for line in text.strip().splitlines())
    return {
        (state, trigger): word
        for trigger, *words in lines
        for state, word in zip(head, words, strict=True)
    }


def assert_decisions(
    decide: Decide[Any],
    grid: Mapping[tuple[str, str], str],
    states: Mapping[str, HasStatus | None],
    triggers: Mapping[str, object],
    stays: Mapping[str, Stay],
    moves: Mapping[tuple[str, str], Decision[Any]],
    now: datetime,
) -> None:
    """Every state x trigger is decided as the grid says: a word of `stays`, or > for a move."""
    assert set(grid) == set(product(states, triggers))
    assert {cell for cell, word in grid.items() if word == ">"} == set(moves)
    for (state, trigger), word in grid.items():
        stay: Decision[Any] = Decision(stay=stays.get(word))
        found = decide(states[state], triggers[trigger], now)
        assert found == moves.get((state, trigger), stay), f"{state}, {trigger}"
    assert set(grid.values()) == {">", *stays}


def moved(*steps: tuple[Any, StrEnum | None]) -> Decision[Any]:
    """Return the decision that saves these (state, says), one version each."""
    return Decision(steps=tuple(Step(state, says) for state, says in steps))
