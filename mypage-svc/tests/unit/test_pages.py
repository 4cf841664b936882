"""Pages, indexes and boards: whatever comes in whatever sequence, the outcome is the same (I7)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mypage_svc.domain import (
    Fact,
    Fulfilment,
    Item,
    Moment,
    Money,
    Part,
    Placed,
    Row,
    Source,
    fold,
)
from mypage_svc.indexes import (
    CUSTOMER_LIMIT,
    Active,
    BoardIndex,
    CustomerIndex,
    Mine,
    queue_position,
    with_active,
    with_mine,
)
from mypage_svc.saga import REACTIONS

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
STEPS = (
    ("OrderPlaced", Source.ORDER, 1, "PLACED"),
    ("Paid", Source.PAYMENT, 2, "PAID"),
    ("OrderQueued", Source.CAFE_ORDER, 1, "QUEUED"),
    ("OrderAccepted", Source.CAFE_ORDER, 2, "ACCEPTED"),
    ("MakeStarted", Source.CAFE_ORDER, 3, "MAKING"),
    ("MakeCompleted", Source.CAFE_ORDER, 4, "READY"),
    ("DeliveryStarted", Source.CAFE_ORDER, 5, "DELIVERING"),
    ("DeliveryConfirmed", Source.CAFE_ORDER, 6, "DELIVERED"),
)
PLACED = Placed(
    items=(Item("latte", "Latte", 1, Money(5000, "KRW")),),
    total=Money(5000, "KRW"),
    fulfilment=Fulfilment("delivery", "1 Teheran-ro"),
    note=None,
    at=START,
)


def story(number: int, steps: int = len(STEPS)) -> list[Fact]:
    """Return the first facts of the order `o-<number>`, placed that many minutes after START."""
    at = START + timedelta(minutes=number)
    return [
        Fact(
            order_id=f"o-{number}",
            customer_id="ana",
            cafe_id="gangnam",
            event=event,
            source=source,
            version=version,
            status=status,
            at=at + timedelta(seconds=second),
            placed=replace(PLACED, at=at) if event == "OrderPlaced" else None,
            ready_at=at + timedelta(minutes=10) if event == "OrderAccepted" else None,
        )
        for second, (event, source, version, status) in enumerate(STEPS[:steps])
    ]


def projected(facts: Iterable[Fact]) -> tuple[dict[str, Row], CustomerIndex, BoardIndex]:
    """Fold facts one by one into rows, ana's index and gangnam's board."""
    rows: dict[str, Row] = {}
    mine, board = CustomerIndex(), BoardIndex()
    for fact in facts:
        row = rows[fact.order_id] = fold(rows.get(fact.order_id), fact)
        mine, board = with_mine(mine, row), with_active(board, row)
    return rows, mine, board


# One order is done, one is being made, one waits and one is not paid yet.
STORIES = [*story(1), *story(2, 5), *story(3, 3), *story(4, 1)]


def test_every_event_is_heard_once_under_its_own_name() -> None:
    heard = [reaction.hears for reaction in REACTIONS]

    assert len({view.TOPIC for view in heard}) == len(heard)
    assert all(f"cafe.{view.__name__}.v1" == view.TOPIC for view in heard)


def test_a_full_story_gives_this_row() -> None:
    rows, *_ = projected(story(0))

    assert rows["o-0"] == Row(
        order_id="o-0",
        customer_id="ana",
        cafe_id="gangnam",
        placed=PLACED,
        order=Part(1, "PLACED"),
        payment=Part(2, "PAID"),
        cafe_order=Part(6, "DELIVERED"),
        ready_at=START + timedelta(minutes=10),
        queued_at=START + timedelta(seconds=2),
        timeline=tuple(
            Moment(event, START + timedelta(seconds=second), source, version)
            for second, (event, source, version, _) in enumerate(STEPS)
        ),
    )


@given(st.permutations(STORIES), st.lists(st.sampled_from(STORIES), max_size=10))
def test_any_sequence_with_any_repetition_gives_the_same_documents(
    mixed: Sequence[Fact], again: Sequence[Fact]
) -> None:
    assert projected([*mixed, *again]) == projected(STORIES)
    assert projected([*again, *mixed]) == projected(STORIES)


def test_an_older_version_never_replaces_a_newer_one() -> None:
    rows, *_ = projected(reversed(story(0)[:5]))

    assert rows["o-0"].cafe_order == Part(3, "MAKING")


def test_the_board_has_what_the_cafe_is_busy_with_and_counts_who_waits() -> None:
    _, mine, board = projected([*STORIES, *story(5, 6)])

    assert [m.order_id for m in mine.orders] == ["o-5", "o-4", "o-3", "o-2", "o-1"]
    assert [(a.order_id, a.waiting) for a in board.orders] == [
        ("o-2", True),
        ("o-3", True),
        ("o-5", False),
    ]
    positions = {f"o-{n}": queue_position(board, f"o-{n}") for n in range(1, 6)}
    assert positions == {"o-1": None, "o-2": 1, "o-3": 2, "o-4": None, "o-5": None}


def test_an_order_comes_onto_the_board_when_it_is_known_since_when_it_waits() -> None:
    *_, without_queued = projected(fact for fact in story(0, 5) if fact.event != "OrderQueued")
    *_, complete = projected(story(0, 5))

    assert without_queued == BoardIndex()
    assert complete == BoardIndex((Active("o-0", START + timedelta(seconds=2), waiting=True),))


def test_a_customer_keeps_the_newest_and_a_board_keeps_all() -> None:
    mine, board = CustomerIndex(), BoardIndex()
    for number in range(CUSTOMER_LIMIT + 2):
        at = START + timedelta(minutes=number)
        placed, queued = replace(PLACED, at=at), Part(1, "QUEUED")
        row = Row(f"o-{number}", "ana", "gangnam", placed, cafe_order=queued, queued_at=at)
        mine, board = with_mine(mine, row), with_active(board, row)

    newest = CUSTOMER_LIMIT + 1
    assert len(mine.orders) == CUSTOMER_LIMIT
    assert mine.orders[0] == Mine(f"o-{newest}", START + timedelta(minutes=newest))
    assert [a.order_id for a in board.orders] == [f"o-{n}" for n in range(newest + 1)]
