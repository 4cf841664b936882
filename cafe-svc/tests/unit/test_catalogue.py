"""The Cafe: founded once from the seed file; its menu changes, within a limit."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, get_args

from cafe_kit.transitions import Decision, Ignore, Refuse
from cafe_svc.catalogue import (
    MENU_LIMIT,
    TRANSITIONS,
    Cafe,
    CloseCafe,
    FoundCafe,
    MarkSoldOut,
    MenuItem,
    Money,
    OpenCafe,
    Restock,
    SetMenuItem,
    Status,
    Trigger,
    decide,
    seed,
)
from tests.memory.tables import (
    assert_complete,
    assert_decisions,
    assert_every_branch_is_taken,
    moved,
    read_grid,
    said_by,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GANGNAM, *_ = seed()
LATTE, MOCHA = (MenuItem(name.lower(), name, Money(5000, "KRW")) for name in ("Latte", "Mocha"))
TEA = MenuItem("tea", "Black tea", Money(4000, "KRW"))
OPEN = replace(GANGNAM, items=(LATTE, replace(MOCHA, sold_out=True)))
SHUT = replace(OPEN, status=Status.CLOSED)
FULL = replace(OPEN, items=(*OPEN.items, *(TEA for _ in range(MENU_LIMIT - 2))))
STATES: Final[dict[str, Cafe | None]] = {
    "none": None,
    "OPEN": OPEN,
    "SHUT": SHUT,
    "FULL": FULL,
    "full": replace(FULL, status=Status.CLOSED),
}
TRIGGERS: Final[dict[str, Trigger]] = {
    "Found": FoundCafe(GANGNAM),
    "SetNew": SetMenuItem("ade", "Lemonade", Money(6000, "KRW")),
    "SetOld": SetMenuItem("latte", "Big latte", Money(5500, "KRW")),
    "SoldOut": MarkSoldOut("latte"),
    "NoSuch": MarkSoldOut("cola"),
    "Restock": Restock("mocha"),
    "NoneSuch": Restock("cola"),
    "Open": OpenCafe(),
    "Close": CloseCafe(),
}
GRID = read_grid("""
          none  OPEN  SHUT  FULL  full
Found     >     seed  seed  seed  seed
SetNew    none  >     >     full  full
SetOld    none  >     >     >     >
SoldOut   none  >     >     >     >
NoSuch    none  tea   tea   tea   tea
Restock   none  >     >     >     >
NoneSuch  none  tea   tea   tea   tea
Open      none  so    >     so    >
Close     none  >     so    >     so
""")
STAYS: Final = {
    "seed": Ignore("the seed is inserted once; what people changed since stays"),
    "so": Ignore("it is so already"),
    "none": Refuse("there is no such cafe"),
    "tea": Refuse("there is no such drink on the menu"),
    "full": Refuse("the menu is full"),
}


def changed(cafe: Cafe) -> dict[str, Decision[Cafe]]:
    """Return what each trigger makes of a cafe with `OPEN`'s drinks first on its menu."""
    latte, mocha, *rest = cafe.items
    lemonade = MenuItem("ade", "Lemonade", Money(6000, "KRW"))
    big = MenuItem("latte", "Big latte", Money(5500, "KRW"))
    menus = {
        "SetNew": (latte, mocha, *rest, lemonade),
        "SetOld": (big, mocha, *rest),
        "SoldOut": (replace(latte, sold_out=True), mocha, *rest),
        "Restock": (latte, replace(mocha, sold_out=False), *rest),
    }
    return {
        **{name: moved((replace(cafe, items=items), None)) for name, items in menus.items()},
        "Open": moved((replace(cafe, status=Status.OPEN), None)),
        "Close": moved((replace(cafe, status=Status.CLOSED), None)),
    }


MOVES: Final = {
    ("none", "Found"): moved((GANGNAM, None)),
    **{
        (name, trigger): decision
        for name, cafe in STATES.items()
        if cafe is not None
        for trigger, decision in changed(cafe).items()
        if GRID[name, trigger] == ">"
    },
}


def test_every_status_and_trigger_has_a_row_and_nothing_is_said() -> None:
    assert_complete(TRANSITIONS, Status, *get_args(Trigger))
    assert said_by(TRANSITIONS) == {None}


def test_every_branch_of_every_row_is_taken() -> None:
    assert_every_branch_is_taken(TRANSITIONS, STATES.values(), list(TRIGGERS.values()))


def test_every_pair_is_decided_as_written_here() -> None:
    assert_decisions(decide, GRID, STATES, TRIGGERS, STAYS, MOVES, NOW)


def test_a_menu_grows_to_its_limit_and_not_beyond() -> None:
    cafe = replace(GANGNAM, items=())

    for number in range(MENU_LIMIT):
        (step,) = decide(cafe, SetMenuItem(f"tea-{number}", "Tea", TEA.price), NOW).steps
        cafe = step.state

    assert len(cafe.items) == MENU_LIMIT == 100
    assert decide(cafe, SetMenuItem("one-more", "Tea", TEA.price), NOW).steps == ()


def test_what_people_changed_survives_another_founding() -> None:
    renamed = replace(GANGNAM, name="Renamed since")

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
