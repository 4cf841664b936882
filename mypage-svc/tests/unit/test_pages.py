"""A page row: whatever comes in whatever sequence, the outcome is the same (I7)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mypage_svc.domain import Contradiction, fold, is_at_rest, is_delivery, is_on_board, is_waiting
from mypage_svc.model import Fact, Moment, Part, Row, Source, Why
from mypage_svc.saga import REACTIONS
from tests.memory.stories import PLACED, START, STEPS, story


def folded(facts: Iterable[Fact]) -> Row:
    """Fold facts of one order one by one."""
    row = reduce(fold, facts, None)
    assert row is not None
    return row


def refunded(order_id: str) -> list[Fact]:
    """Return the facts of an order that is cancelled after its payment, and paid back."""
    placed, paid, queued = story(order_id, 3)
    cancelled = replace(queued, event="CafeOrderCancelled", version=2, status="CANCELLED")
    back = replace(paid, event="PaymentRefunded", version=4, status="REFUNDED")
    given_back = replace(back, refunded=PLACED.total, at=paid.at + timedelta(seconds=30))
    return [placed, paid, queued, cancelled, given_back]


STORIES = [story("o-1"), story("o-1", 5), refunded("o-1")]


def test_every_event_is_heard_once_under_its_own_name() -> None:
    heard = [reaction.hears for reaction in REACTIONS]

    assert len({view.TOPIC for view in heard}) == len(heard)
    assert all(f"cafe.{view.__name__}.v1" == view.TOPIC for view in heard)


def test_a_full_story_gives_this_row() -> None:
    row = folded(story("o-0"))

    assert row == Row(
        order_id="o-0",
        customer_id="ana",
        cafe_id="gangnam",
        placed=PLACED,
        order=Part(1, "PLACED"),
        payment=Part(2, "PAID"),
        cafe_order=Part(6, "DELIVERED"),
        ready_at=START + timedelta(minutes=10),
        queued_at=START + timedelta(seconds=2),
        rider="rio",
        timeline=tuple(
            Moment(event, START + timedelta(seconds=second), source, version)
            for second, (event, source, version, _) in enumerate(STEPS)
        ),
    )


@given(st.sampled_from(STORIES), st.data())
def test_any_sequence_with_any_repetition_gives_the_same_row(
    facts: Sequence[Fact], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(facts))
    again = data.draw(st.lists(st.sampled_from(facts), max_size=5))

    assert folded([*mixed, *again]) == folded([*again, *mixed]) == folded(facts)


def test_an_older_version_never_replaces_a_newer_one() -> None:
    row = folded(reversed(story("o-0", 5)))

    assert row.cafe_order == Part(3, "MAKING")


@pytest.mark.parametrize("other", [{"customer_id": "ben"}, {"cafe_id": "jamsil"}])
def test_a_fact_about_somebody_elses_order_contradicts(other: dict[str, str]) -> None:
    placed, paid = story("o-0", 2)

    with pytest.raises(Contradiction, match="Paid"):
        fold(folded([placed]), replace(paid, **other))


@pytest.mark.parametrize(
    ("steps", "on_board", "waiting", "delivery", "at_rest"),
    [
        (1, False, False, False, False),
        (3, True, True, False, False),
        (5, True, True, False, False),
        (6, True, False, True, False),
        (7, True, False, True, False),
        (8, False, False, False, True),
    ],
    ids=["placed", "queued", "making", "ready", "under way", "delivered"],
)
def test_who_is_busy_with_an_order_follows_from_its_row(
    steps: int, *, on_board: bool, waiting: bool, delivery: bool, at_rest: bool
) -> None:
    row = folded(story("o-0", steps))

    assert is_on_board(row) == on_board
    assert is_waiting(row) == waiting
    assert is_delivery(row) == delivery
    assert is_at_rest(row) == at_rest


def test_why_there_will_be_no_drinks_is_said_by_the_cafe_and_else_by_the_end_of_the_order() -> None:
    placed, _, queued = story("o-0", 3)
    ended = replace(placed, event="OrderCancelled", version=3, status="CANCELLED")
    ended = replace(ended, why=Why("payment_failed"))
    rejected = replace(queued, event="OrderRejected", version=2, status="REJECTED")
    rejected = replace(rejected, why=Why("sold_out", "no more milk"))

    for told in permutations([placed, queued, ended]):
        assert folded(told).why == Why("payment_failed")
    for told in permutations([placed, queued, ended, rejected]):
        assert folded(told).why == Why("sold_out", "no more milk")


def test_an_order_for_the_counter_is_no_delivery() -> None:
    row = folded(story("o-0", 6, method="pickup"))

    assert not is_delivery(row)


def test_an_order_is_on_the_board_when_it_is_known_since_when_it_waits() -> None:
    without = [fact for fact in story("o-0", 5) if fact.event != "OrderQueued"]

    assert not is_on_board(folded(without))
    assert is_on_board(folded(story("o-0", 5)))


@pytest.mark.parametrize(
    ("payment", "at_rest"), [("PAID", False), ("REFUNDING", False), ("REFUNDED", True)]
)
def test_an_order_given_up_is_at_rest_when_its_money_is(payment: str, *, at_rest: bool) -> None:
    *facts, _ = refunded("o-0")
    money = replace(facts[1], event="Said", version=3, status=payment)

    assert is_at_rest(folded([*facts, money])) == at_rest


def test_an_order_given_up_before_any_payment_waits_for_word_of_the_money() -> None:
    placed, _, queued = story("o-0", 3)
    cancelled = replace(queued, event="CafeOrderCancelled", status="CANCELLED")
    voided = replace(placed, event="PaymentCancelled", source=Source.PAYMENT, status="VOIDED")

    assert not is_at_rest(folded([placed, cancelled]))
    assert is_at_rest(folded([placed, cancelled, voided]))
