"""Facts and what is stored -> what is to be written: no more than that, and nothing too little."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from cafe_kit.sidecar import Stored, Write
from mypage_svc.documents import MINE, ROW, SHELF, Folded, Keys, by_list, fold_all, load
from mypage_svc.domain import Contradiction
from mypage_svc.indexes import CUSTOMER_LIMIT, SHELF_LIMIT, CustomerIndex, Entry, Mine, Shelf
from mypage_svc.model import Fact
from tests.memory.stories import START, story

KEYS = Keys("7")
NOW = START + timedelta(hours=1)
Documents = dict[str, Stored]


def stored(writes: Sequence[Write], found: Documents) -> Documents:
    """Return the documents after these writes."""
    return found | {w.key: Stored(w.value, f"{w.etag or 0}+") for w in writes}


def folded(facts: Sequence[Fact], found: Documents) -> Folded:
    return fold_all(KEYS, facts, found, NOW)


def written(facts: Sequence[Fact], found: Documents | None = None) -> Documents:
    """Return the documents after these facts."""
    found = found or {}
    return stored(folded(facts, found).writes, found)


def full_board(count: int) -> Documents:
    entries = tuple(Entry(f"x-{n}", START, waiting=True) for n in range(count))
    return {KEYS.shelf("board:gangnam"): Stored(SHELF.dump_json(Shelf(entries)), "1")}


def test_keys_name_the_generation_and_take_any_id() -> None:
    assert KEYS.row("o-1") == "7:page:o-1"
    assert KEYS.row("a||b/ü") == "7:page:a%7C%7Cb%2F%C3%BC"
    assert KEYS.customer("ana:1", 2) == "7:customer:ana%3A1:2"
    assert KEYS.shelf("board:gang||nam") == "7:board:gang%7C%7Cnam:0"


def test_what_has_to_be_read_follows_from_the_facts() -> None:
    placed, _, queued = story("o-1", 3)

    kinds = [key.split(":")[1] for key in KEYS.of([placed, queued])]

    assert kinds == ["board", "customer", "deliveries", "open", "page"]
    assert [key.split(":")[1] for key in KEYS.of(story("o-1", 2)[1:])] == ["open", "page"]


def test_a_new_order_is_inserted_with_its_lists_and_dated() -> None:
    result = folded(story("o-1", 3), {})

    assert {w.key.rsplit(":", 1)[0] for w in result.writes} >= {"7:page", "7:board:gangnam"}
    assert {w.etag for w in result.writes} == {None}
    assert [row.changed_at for row in result.changed] == [NOW]
    assert (result.opens, result.behind_keys()) == ([], [])


def test_facts_that_are_known_change_and_write_nothing() -> None:
    found = written(story("o-1", 5))

    again = folded(story("o-1", 5), found)

    assert again == Folded()


def test_a_list_is_written_also_where_only_the_rows_place_on_it_has_changed() -> None:
    found = written(story("o-1", 3))
    del found[KEYS.shelf("board:gangnam")]  # Another writer is just about to save it.

    result = folded([replace(story("o-1", 8)[-1])], found)

    boards = [w for w in result.writes if w.key == KEYS.shelf("board:gangnam")]
    assert [load(SHELF, Stored(w.value, ""), None) for w in boards] == [Shelf()]


def test_a_list_is_mended_only_together_with_the_row_that_says_so() -> None:
    found = written(story("o-1", 3))
    ghost = Shelf((Entry("o-1", START, waiting=True),))
    found[KEYS.shelf("board:gangnam")] = Stored(SHELF.dump_json(ghost), "5")

    result = folded(story("o-1", 3), found)

    assert [(w.key, w.etag) for w in result.writes] == [
        (KEYS.shelf("board:gangnam"), "5"),
        (KEYS.row("o-1"), "0+"),
    ]
    assert result.changed == []


def test_a_full_list_is_opened_before_anything_is_written_on_it() -> None:
    found = full_board(SHELF_LIMIT)

    opening = folded(story("o-1", 3), found)
    found = stored(opening.opens, found)
    assert KEYS.further(by_list(story("o-1", 3)), found) == [KEYS.shelf("board:gangnam", 1)]
    after = written(story("o-1", 3), found)

    assert [(w.key, w.etag) for w in opening.opens] == [(KEYS.shelf("board:gangnam"), "1")]
    first, second = (load(SHELF, after.get(KEYS.shelf("board:gangnam", n)), None) for n in (0, 1))
    assert (len(first.entries), first.more) == (SHELF_LIMIT, 1)
    assert [each.order_id for each in second.entries] == ["o-1"]


def test_a_list_with_room_is_not_opened() -> None:
    assert folded(story("o-1", 3), full_board(SHELF_LIMIT - 1)).opens == []
    assert KEYS.further(by_list(story("o-1", 3)), full_board(SHELF_LIMIT - 1)) == []


def mine(number: int) -> Mine:
    return Mine(f"o-{number:03}", START + timedelta(minutes=number))


def placed(number: int) -> list[Fact]:
    return story(f"o-{number:03}", 1, minute=number)


def customer(found: Documents, number: int = 0) -> list[str]:
    index: CustomerIndex = load(MINE, found.get(KEYS.customer("ana", number)), CustomerIndex())
    return [each.order_id for each in index.orders]


def with_history(first: int, last: int) -> Documents:
    """Return the documents of a customer with the orders from `first` to before `last`."""
    orders = tuple(mine(n) for n in reversed(range(first, last)))
    index = CustomerIndex(orders, 1 if first else 0, mine(first - 1) if first else None)
    found = {KEYS.customer("ana"): Stored(MINE.dump_json(index), "1")}
    if first:
        behind = CustomerIndex(tuple(mine(n) for n in reversed(range(first))))
        found[KEYS.customer("ana", 1)] = Stored(MINE.dump_json(behind), "1")
    return found


def test_one_order_too_many_moves_the_oldest_behind_first() -> None:
    found = with_history(0, CUSTOMER_LIMIT)

    result = folded(placed(CUSTOMER_LIMIT), found)
    after = stored(result.writes, stored(result.behind_writes(found), found))

    assert result.behind_keys() == [KEYS.customer("ana", 1)]
    assert customer(after, 1) == [f"o-{n:03}" for n in reversed(range(50))]
    assert customer(after) == [f"o-{n:03}" for n in reversed(range(50, CUSTOMER_LIMIT + 1))]


def test_an_order_that_comes_very_late_goes_behind_once() -> None:
    found = with_history(10, 20)
    late = replace(placed(5)[0], order_id="o-005x")

    result = folded([late], found)
    assert result.behind_keys() == [KEYS.customer("ana", 1)]
    found = stored(result.behind_writes(found), found)
    again = folded([late], found)

    older_and_newer = sorted([*(f"o-{n:03}" for n in range(10)), "o-005x"], reverse=True)
    assert customer(found, 1) == older_and_newer
    assert again.behind_writes(found) == []
    assert customer(found) == [f"o-{n:03}" for n in reversed(range(10, 20))]


def test_an_order_that_is_behind_already_is_not_listed_again_when_it_is_told_again() -> None:
    found = with_history(10, 20)

    result = folded(placed(3), found)

    assert result.behind_writes(found) == []
    assert KEYS.customer("ana") not in {w.key for w in result.writes}


def test_a_row_keeps_what_is_stored_exactly() -> None:
    after = written(story("o-1", 8))

    row = load(ROW, after.get(KEYS.row("o-1")), None)

    assert row == folded(story("o-1", 8), {}).changed[0]
    assert row.changed_at == NOW


def test_a_contradiction_is_told_before_anything_is_written() -> None:
    one, two = story("o-1", 2)

    with pytest.raises(Contradiction):
        folded([one, replace(two, customer_id="ben")], {})
