"""A row of a state table becomes the steps to save, or the reason why there are none."""

from datetime import datetime

import pytest

from cafe_kit.transitions import (
    Decision,
    Ignore,
    Impossible,
    Move,
    Refuse,
    Row,
    Stay,
    Step,
    When,
    settle,
)
from kit.tests.lamp import LIGHT, NOW, Lamp, Press, Says, Status, decide

OFF, ON = Lamp("lamp-1", Status.OFF), Lamp("lamp-1", Status.ON)


def settled(row: Row, lamp: Lamp | None = OFF) -> Decision[Lamp]:
    """Settle a row for a gentle press."""
    return settle(row, lamp, lambda _, to: Lamp("lamp-1", Status(to)), Press())


def test_a_move_is_one_step() -> None:
    assert settled(LIGHT) == Decision(steps=(Step(ON, Says.LIT),))


def test_each_further_step_builds_on_the_one_before() -> None:
    seen: list[Lamp | None] = []

    def evolve(lamp: Lamp | None, to: object) -> Lamp:
        seen.append(lamp)
        return Lamp("lamp-1", Status(str(to)))

    decision = settle(Move(Status.OFF, Says.INSTALLED, then=LIGHT), None, evolve, Press())

    assert decision == Decision(steps=(Step(OFF, Says.INSTALLED), Step(ON, Says.LIT)))
    assert seen == [None, OFF]


@pytest.mark.parametrize("stay", [Ignore("why"), Refuse("why"), Impossible("why")])
def test_a_row_that_stays_gives_its_reason_and_no_step(stay: Stay) -> None:
    assert settled(stay) == Decision(stay=stay)


@pytest.mark.parametrize(
    ("hard", "expected"),
    [(True, Lamp("lamp-1", Status.BROKEN, 1)), (False, Lamp("lamp-1", Status.OFF, 1))],
)
def test_a_guard_chooses_by_state_and_trigger(*, hard: bool, expected: Lamp) -> None:
    decision = decide(ON, Press(hard), NOW)

    assert [step.state for step in decision.steps] == [expected]


def test_guards_may_be_nested() -> None:
    row = When(
        lambda lamp, _: lamp is None,
        Impossible("no lamp"),
        When(lambda lamp, _: lamp == ON, Ignore("it is on"), LIGHT),
    )

    assert settled(row, None) == Decision(stay=Impossible("no lamp"))
    assert settled(row, ON) == Decision(stay=Ignore("it is on"))
    assert settled(row, OFF) == Decision(steps=(Step(ON, Says.LIT),))


def test_a_decision_needs_no_clock_of_its_own() -> None:
    early, late = datetime.min.replace(tzinfo=NOW.tzinfo), NOW

    assert decide(OFF, Press(), early) == decide(OFF, Press(), late)
