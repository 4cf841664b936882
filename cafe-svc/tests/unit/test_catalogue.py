"""The Cafe: founded once from the seed file, which has what every client may rely on."""

from dataclasses import replace
from datetime import UTC, datetime

from cafe_svc.catalogue import TRANSITIONS, FoundCafe, Money, Status, decide, seed
from tests.memory.tables import assert_complete, assert_decisions_follow_the_table, moved, said_by

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GANGNAM, *_ = seed()


def test_every_status_and_trigger_has_a_row_and_nothing_is_said() -> None:
    assert_complete(TRANSITIONS, Status, FoundCafe)
    assert said_by(TRANSITIONS) == {None}


def test_only_the_table_decides() -> None:
    triggers = (FoundCafe(GANGNAM),)
    assert_decisions_follow_the_table(TRANSITIONS, decide, (None, GANGNAM), triggers, NOW)


def test_a_cafe_is_founded_as_the_seed_says_and_not_founded_again() -> None:
    renamed = replace(GANGNAM, name="Renamed since")

    assert decide(None, FoundCafe(GANGNAM), NOW) == moved((GANGNAM, None))
    assert decide(renamed, FoundCafe(GANGNAM), NOW).steps == ()


def test_the_seed_has_three_open_cafes_of_which_one_accepts_automatically() -> None:
    found = {cafe.cafe_id: (cafe.status, cafe.accepts_automatically) for cafe in seed()}

    assert found == {
        "gangnam": (Status.OPEN, False),
        "hongdae": (Status.OPEN, True),
        "jamsil": (Status.OPEN, False),
    }


def test_every_menu_has_americano_and_latte_and_a_dozen_drinks_exist() -> None:
    for cafe in seed():
        prices = {item.menu_id: item.price for item in cafe.items}
        assert prices["americano"] == Money(4500, "KRW")
        assert prices["latte"] == Money(5000, "KRW")

    assert sum(len(cafe.items) for cafe in seed()) >= 12
    assert not any(item.sold_out for cafe in seed() for item in cafe.items)
