"""The table of a dead letter: what each attempt, and each person, makes of each state."""

from dataclasses import replace
from datetime import timedelta
from typing import Final, get_args

import pytest

from cafe_kit.letters import (
    REASON_LIMIT,
    TRANSITIONS,
    Discard,
    Failed,
    Handled,
    Letter,
    Message,
    Status,
    Trigger,
    decide,
)
from cafe_kit.transitions import Decision, Ignore, Refuse
from kit.tests.lamp import NOW
from tests.memory.tables import (
    assert_complete,
    assert_decisions,
    assert_every_branch_is_taken,
    explored,
    moved,
    read_grid,
)

FIRST_AT, LAST_AT = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
DUE, NEXT_DUE = NOW - timedelta(seconds=1), NOW + timedelta(minutes=2)
MESSAGE = Message("letter-1", "lamp.Lit.v1", "event-1", "lamp-1", body="{}", size=2)
AGAIN = replace(MESSAGE, body='{"traceparent":""}', size=18)
RETRYING = Letter(
    message=MESSAGE,
    status=Status.RETRYING,
    reason="the store is away",
    attempts=3,
    first_at=FIRST_AT,
    last_at=LAST_AT,
    retry_at=DUE,
    chain="chain-1",
)
WAITING = replace(RETRYING, status=Status.WAITING, reason="no lamp", retry_at=None, chain="")
HANDLED = replace(RETRYING, status=Status.HANDLED, retry_at=None)
DISCARDED = replace(
    WAITING, status=Status.DISCARDED, discarded_by="olga", discarded_because="a test of theirs"
)
STATES: Final[dict[str, Letter | None]] = {
    "none": None,
    "retrying": RETRYING,
    "waiting": WAITING,
    "handled": HANDLED,
    "discarded": DISCARDED,
}
TRIGGERS: Final[dict[str, Trigger]] = {
    "transient": Failed(AGAIN, "busy", NEXT_DUE, "chain-2"),
    "for-good": Failed(AGAIN, "no lamp glows", None),
    "handled": Handled(),
    "discard": Discard("olga", "a test of theirs"),
}
STAYS = {
    "never": Ignore("it never had to be parked"),
    "none": Refuse("there is no such letter"),
    "before": Ignore("it had been handled before"),
    "gone": Ignore("a person has discarded it"),
    "done": Refuse("it has been handled"),
}
GRID = read_grid(
    """
                none    retrying  waiting  handled  discarded
    transient   >       >         >        >        gone
    for-good    >       >         >        >        gone
    handled     never   >         >        before   gone
    discard     none    >         >        done     gone
    """
)
FAILED_AGAIN = replace(
    RETRYING, attempts=4, last_at=NOW, reason="busy", retry_at=NEXT_DUE, chain="chain-2"
)
GIVEN_UP = replace(WAITING, attempts=4, last_at=NOW, reason="no lamp glows")
PARKED = replace(FAILED_AGAIN, message=AGAIN, attempts=1, first_at=NOW)
OPEN_ONES = {"retrying": RETRYING, "waiting": WAITING}
MOVES: Final[dict[tuple[str, str], Decision[Letter]]] = {
    ("none", "transient"): moved((PARKED, None)),
    ("none", "for-good"): moved((replace(GIVEN_UP, message=AGAIN, attempts=1, first_at=NOW), None)),
    **{(name, "transient"): moved((FAILED_AGAIN, None)) for name in (*OPEN_ONES, "handled")},
    **{(name, "for-good"): moved((GIVEN_UP, None)) for name in (*OPEN_ONES, "handled")},
    **{
        (name, "handled"): moved(
            (replace(letter, status=Status.HANDLED, last_at=NOW, retry_at=None), None)
        )
        for name, letter in OPEN_ONES.items()
    },
    **{
        (name, "discard"): moved(
            (
                replace(
                    letter,
                    status=Status.DISCARDED,
                    retry_at=None,
                    discarded_by="olga",
                    discarded_because="a test of theirs",
                ),
                None,
            )
        )
        for name, letter in OPEN_ONES.items()
    },
}


def after(letter: Letter | None, *triggers: Trigger) -> Letter:
    """Return the letter after these inputs, each of which must change it."""
    for trigger in triggers:
        letter = decide(letter, trigger, NOW).steps[-1].state
    assert letter is not None
    return letter


def test_every_state_and_trigger_has_a_row() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))


def test_every_row_is_taken() -> None:
    reached = explored(decide, list(TRIGGERS.values()), NOW, 3)

    assert_every_branch_is_taken(TRANSITIONS, reached, list(TRIGGERS.values()))


def test_every_state_and_trigger_is_decided_as_the_table_says() -> None:
    assert_decisions(decide, GRID, STATES, TRIGGERS, STAYS, MOVES, NOW)


def test_every_attempt_is_counted_and_the_first_time_is_kept() -> None:
    busy = TRIGGERS["transient"]

    letter = after(replace(RETRYING, attempts=1), busy, busy, TRIGGERS["for-good"])

    assert (letter.attempts, letter.first_at, letter.last_at) == (4, FIRST_AT, NOW)


def test_only_a_letter_that_is_tried_again_by_itself_has_a_next_time() -> None:
    reached = explored(decide, list(TRIGGERS.values()), NOW, 3) - {None}

    letters = [letter for letter in reached if isinstance(letter, Letter)]
    assert letters
    assert {letter.status for letter in letters if letter.retry_at} == {Status.RETRYING}
    assert all(
        letter.retry_at and letter.chain for letter in letters if letter.status == "RETRYING"
    )


def test_the_text_that_came_first_is_kept() -> None:
    assert (
        after(None, Failed(MESSAGE, "busy", None), Failed(AGAIN, "busy", None)).message == MESSAGE
    )


def test_a_reason_is_cut_at_its_limit() -> None:
    letter = after(None, Failed(MESSAGE, "x" * (REASON_LIMIT + 1), None))

    assert letter.reason == "x" * REASON_LIMIT


@pytest.mark.parametrize(
    ("body", "size", "whole"), [("", 0, True), ("ab", 2, True), ("a", 2, False)]
)
def test_a_message_is_whole_unless_something_was_cut_off(
    body: str, size: int, *, whole: bool
) -> None:
    assert replace(MESSAGE, body=body, size=size).whole is whole
