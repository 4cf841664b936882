"""Lists in documents of bounded size: what a customer has, what a cafe is busy with."""

from datetime import timedelta
from functools import reduce

import pytest

from mypage_svc.domain import fold
from mypage_svc.indexes import (
    CUSTOMER_LIMIT,
    SHELF_LIMIT,
    CustomerIndex,
    Entry,
    Mine,
    Shelf,
    board_of,
    deliveries,
    entry_of,
    lists_of,
    merged,
    open_orders,
    put,
    queue_position,
    split,
    with_mine,
)
from mypage_svc.model import Row
from tests.memory.stories import START, story

HALF = CUSTOMER_LIMIT // 2


def mine(number: int) -> Mine:
    return Mine(f"o-{number}", START + timedelta(minutes=number))


def entry(number: int, *, waiting: bool = True) -> Entry:
    return Entry(f"o-{number}", START + timedelta(minutes=number), waiting)


def row(steps: int, *, method: str = "delivery") -> Row:
    found = reduce(fold, story("o-0", steps, method=method), None)
    assert found is not None
    return found


def test_a_customers_orders_stand_newest_first_and_once() -> None:
    index = with_mine(CustomerIndex(), map(mine, [2, 1, 3, 1]))

    assert [each.order_id for each in index.orders] == ["o-3", "o-2", "o-1"]
    assert split(with_mine(index, [mine(2)])) == (index, ())


def test_the_oldest_orders_move_behind_when_there_are_too_many() -> None:
    full = with_mine(CustomerIndex(), map(mine, range(CUSTOMER_LIMIT)))
    assert split(full) == (full, ())

    after, moved = split(with_mine(full, [mine(CUSTOMER_LIMIT)]))

    assert [each.order_id for each in moved] == [f"o-{n}" for n in reversed(range(HALF))]
    assert after.orders == tuple(mine(n) for n in reversed(range(HALF, CUSTOMER_LIMIT + 1)))
    assert (after.behind, after.newest_behind) == (1, mine(HALF - 1))


def test_two_writers_with_other_new_orders_move_the_same_behind() -> None:
    full = with_mine(CustomerIndex(), map(mine, range(CUSTOMER_LIMIT)))

    _, one = split(with_mine(full, [mine(200)]))
    _, other = split(with_mine(full, [mine(300), mine(400)]))

    assert one == other


def test_an_order_as_old_as_those_behind_belongs_there() -> None:
    index = CustomerIndex((mine(9),), 1, mine(5))

    assert [n for n in range(10) if index.ends_before(mine(n))] == [0, 1, 2, 3, 4, 5]
    assert not CustomerIndex().ends_before(mine(0))


def test_an_order_is_put_on_a_shelf_and_stays_there_until_it_goes() -> None:
    shelves = put(put([Shelf()], "o-2", entry(2)), "o-1", entry(1))

    changed = put(shelves, "o-2", entry(2, waiting=False))
    left = put(changed, "o-1", None)

    assert shelves == [Shelf((entry(1), entry(2)))]
    assert changed == [Shelf((entry(1), entry(2, waiting=False)))]
    assert left == [Shelf((entry(2, waiting=False),))]
    assert put(left, "o-1", None) == left


def test_a_full_shelf_opens_another_which_the_first_one_counts() -> None:
    full = Shelf(tuple(map(entry, range(SHELF_LIMIT))))

    two = put([full], "o-1000", entry(1000))
    three = put([two[0], Shelf(full.entries[:1])], "o-1001", entry(1001))

    assert two == [Shelf(full.entries, more=1), Shelf((entry(1000),))]
    assert three == [two[0], Shelf((*full.entries[:1], entry(1001)))]


def test_room_on_an_earlier_shelf_is_used_and_nobody_moves() -> None:
    first, second = Shelf((entry(1),), more=1), Shelf((entry(2),))

    assert put([first, second], "o-3", entry(3)) == [Shelf((entry(1), entry(3)), more=1), second]
    moved_on = put([first, second], "o-2", entry(2, waiting=False))
    assert moved_on == [first, Shelf((entry(2, waiting=False),))]


def test_an_order_on_two_shelves_stays_on_the_first_alone() -> None:
    twice = [Shelf((entry(1),), more=1), Shelf((entry(1), entry(2)))]

    assert put(twice, "o-1", entry(1)) == [twice[0], Shelf((entry(2),))]


def test_shelves_are_read_as_one_list_and_count_who_waits() -> None:
    board = merged([Shelf((entry(1), entry(4))), Shelf((entry(2, waiting=False), entry(3)))])

    assert [each.order_id for each in board] == ["o-1", "o-2", "o-3", "o-4"]


def test_a_place_in_the_queue_counts_who_waits_before_and_the_row_knows_whether_it_waits() -> None:
    waits, ready = row(3), row(6)
    own = Entry("o-0", START + timedelta(seconds=2), waiting=True)
    before, behind = [entry(-2), entry(-1, waiting=False)], [entry(1)]

    assert queue_position([own], waits) == 1
    assert queue_position([*before, own, *behind], waits) == 2
    assert queue_position([*before, *behind], waits) == 2
    assert queue_position([*before, own, *behind], ready) is None


@pytest.mark.parametrize(
    ("steps", "board", "deliver", "unsettled"),
    [
        (1, None, None, (0, False)),
        (2, None, None, (0, False)),
        (3, (2, True), None, (0, True)),
        (5, (2, True), None, (0, True)),
        (6, (2, False), (0, False), (0, False)),
        (7, (2, False), (0, False), (0, False)),
        (8, None, None, None),
    ],
)
def test_a_row_stands_on_lists_as(
    steps: int,
    board: tuple[int, bool] | None,
    deliver: tuple[int, bool] | None,
    unsettled: tuple[int, bool] | None,
) -> None:
    found = [entry_of(name, row(steps)) for name in (board_of("gangnam"), "deliveries:0", "open:0")]

    wanted = [
        Entry("o-0", START + timedelta(seconds=each[0]), each[1]) if each else None
        for each in (board, deliver, unsettled)
    ]
    assert found == wanted
    assert entry_of("open:0", None) is None


def test_an_order_for_the_counter_is_on_no_list_of_deliveries() -> None:
    assert entry_of("deliveries:0", row(6, method="pickup")) is None


def test_every_list_that_a_fact_can_change_is_looked_at() -> None:
    facts = story("o-0")
    all_names = set[str]().union(*map(lists_of, facts))

    kinds = sorted(name.split(":")[0] for name in all_names)
    assert kinds == ["board", "deliveries", "open"]
    assert all_names <= {board_of("gangnam"), *deliveries(), *open_orders()}
    for steps, fact in enumerate(facts[1:], 1):
        for name in all_names - lists_of(fact):
            assert entry_of(name, row(steps)) == entry_of(name, row(steps + 1)), fact.event
