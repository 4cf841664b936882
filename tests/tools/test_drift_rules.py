"""A page is right when it knows what its owners have said, and nothing that they have not."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cafe_kit.transitions import Move, Row, Table, When
from cafe_svc.domain import TRANSITIONS as CAFE
from order_svc.domain import TRANSITIONS as ORDER
from payment_svc.domain import TRANSITIONS as PAYMENT
from tools.drift_rules import UNSAID, Part, Story, compare

AT = datetime(2026, 1, 1, tzinfo=UTC)
PLACED, PAID = ("OrderPlaced", AT), ("Paid", AT)


def story(said: tuple[tuple[str, datetime], ...] = (), **parts: tuple[int, str]) -> Story:
    found = {name: Part(version, status) for name, (version, status) in parts.items()}
    return Story("ana", found, frozenset(said))


def problems(page: Story, owners: Story) -> list[str]:
    return [finding.problem for finding in compare("o-1", page, owners)]


def test_a_page_that_knows_all_that_was_said_is_right_though_its_owners_have_gone_on() -> None:
    page = story((PLACED, PAID), order=(1, "PLACED"), payment=(2, "PAID"))
    owners = story((PLACED, PAID), order=(2, "PAID"), payment=(3, "REFUNDING"))

    assert compare("o-1", page, owners) == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((3, "MAKING"), (4, "READY")),
        ((4, "MAKING"), (4, "READY")),
        ((5, "READY"), (4, "READY")),
        (None, (1, "QUEUED")),
        ((1, "QUEUED"), None),
    ],
    ids=["behind", "another state", "ahead of its owner", "nothing heard", "nobody's"],
)
def test_a_state_that_the_owner_does_not_have_is_found(
    ours: tuple[int, str] | None, theirs: tuple[int, str] | None
) -> None:
    page = story(cafe_order=ours) if ours else Story()
    owners = story(cafe_order=theirs) if theirs else Story()

    assert problems(page, owners) == ["cafe order differs"]


def test_an_event_that_is_missing_in_the_middle_is_found_and_one_the_broker_forgot_is_not() -> None:
    page = story((PLACED,), payment=(2, "PAID"))

    assert problems(page, story((PLACED, PAID), payment=(2, "PAID"))) == ["not told"]
    assert problems(page, story((), payment=(2, "PAID"))) == []


def test_a_page_that_somebody_else_would_see_is_found() -> None:
    page, owners = story(order=(1, "PLACED")), story(order=(1, "PLACED"))

    [found] = compare("o-1", page, Story("ben", owners.parts))

    assert (found.problem, found.detail) == ("whose order", "page ana, owner ben")


@pytest.mark.parametrize(
    ("name", "table"), [("order", ORDER), ("payment", PAYMENT), ("cafe_order", CAFE)]
)
def test_unsaid_are_the_states_that_the_tables_come_to_without_an_event(
    name: str, table: Table
) -> None:
    unsaid = {
        move.to.value
        for (status, _), row in table.items()
        for move in moves(row)
        if move.says is None and move.to is not status
    }

    assert UNSAID[name] == unsaid


def moves(row: Row) -> Iterator[Move]:
    """Return every step that a row can take."""
    match row:
        case When(row=one, otherwise=other):
            yield from moves(one)
            yield from moves(other)
        case Move(then=further):
            yield row
            if further is not None:
                yield from moves(further)
        case _:
            return
