"""Lists as people page through them: a long history, what riders take, what is not at rest."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cafe_kit.pages import encoded
from mypage_svc import use_cases
from mypage_svc.indexes import CUSTOMER_LIMIT, SHELF_LIMIT
from mypage_svc.model import Fact
from mypage_svc.use_cases import MyPages
from tests.memory.cafe import Caller, MemoryCafe
from tests.memory.stories import START, many, story

OPS = "/ops/orders"


class Reads:
    """mypage-svc, which hears what the test says."""

    def __init__(self, cafe: MemoryCafe) -> None:
        self.cafe = cafe
        self.service: MyPages = cafe.nodes["mypage-svc"].app.state.service

    async def say(self, *facts: Fact) -> None:
        for first in range(0, len(facts), 90):
            await self.service.pages.project(facts[first : first + 90])

    async def get(self, who: Caller, target: str) -> Any:
        answer = await who.send("GET", target, b"", app_id="mypage-svc")
        assert answer.status == 200, answer
        return answer.body

    async def all(self, who: Caller, target: str) -> list[str]:
        """Return the ids of a list, page by page."""
        shown: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await self.get(who, f"{target}{f'&cursor={cursor}' if cursor else ''}")
            shown += [item["order_id"] for item in page["items"]]
            cursor = page["next"]
        return shown


@pytest.fixture
def reads(cafe: MemoryCafe) -> Reads:
    return Reads(cafe)


async def test_a_long_history_is_listed_once_and_newest_first(reads: Reads) -> None:
    await reads.say(*many(2 * CUSTOMER_LIMIT + 30, steps=1))

    shown = await reads.all(reads.cafe.customer(), "/my-pages?limit=43")

    assert shown == [f"old-{n}" for n in reversed(range(2 * CUSTOMER_LIMIT + 30))]


async def test_orders_that_move_behind_between_two_pages_are_shown_once(reads: Reads) -> None:
    await reads.say(*many(CUSTOMER_LIMIT, steps=1))
    ana = reads.cafe.customer()
    pages, place = await use_cases.pages_of(reads.service, "ana", after=None, limit=80)

    await reads.say(*story("new", 1, minute=CUSTOMER_LIMIT))
    more, end = await use_cases.pages_of(reads.service, "ana", after=place, limit=80)

    shown = [page.row.order_id for page in (*pages, *more)]
    assert shown == [f"old-{n}" for n in reversed(range(CUSTOMER_LIMIT))]
    assert end is None
    assert (await reads.all(ana, "/my-pages?limit=50"))[0] == "new"


@pytest.mark.parametrize("place", ["0 unknown", "1 unknown", "2 unknown", f"{10**12} unknown"])
async def test_a_forged_cursor_costs_no_more_than_the_list_and_shows_nothing(
    reads: Reads, place: str
) -> None:
    await reads.say(*many(CUSTOMER_LIMIT + 1, steps=1))
    calls = reads.cafe.nodes["mypage-svc"].calls
    before = calls["get"]

    page = await reads.get(reads.cafe.customer(), f"/my-pages?cursor={encoded(START, place)}")

    assert page == {"items": [], "next": None}
    assert calls["get"] - before <= 3


async def test_a_board_beyond_one_shelf_keeps_its_sequence_and_its_positions(
    reads: Reads,
) -> None:
    await reads.say(*many(SHELF_LIMIT + 20))
    await reads.say(*(replace(story(f"old-{n}", 6)[-1], at=START) for n in range(5)))

    board = await reads.get(reads.cafe.barista(), "/boards/gangnam")

    assert [item["order_id"] for item in board["items"]] == [f"old-{n}" for n in range(100)]
    assert [item["queue_position"] for item in board["items"]] == [*[None] * 5, *range(1, 96)]
    last = await reads.get(reads.cafe.customer(), f"/my-pages/old-{SHELF_LIMIT + 19}")
    assert last["queue_position"] == SHELF_LIMIT + 15


async def test_a_row_that_has_left_is_not_on_the_board_although_the_list_still_says_so(
    reads: Reads,
) -> None:
    facts = story("o-1")
    await reads.say(*facts[:3])
    documents = reads.cafe.nodes["mypage-svc"].documents
    still_there = documents["1:board:gangnam:0"]
    await reads.say(*facts[3:])
    documents["1:board:gangnam:0"] = still_there

    board = await reads.get(reads.cafe.barista(), "/boards/gangnam")

    assert board["items"] == []


async def test_riders_see_what_waits_and_their_own_and_operators_all(reads: Reads) -> None:
    await reads.say(*story("taken", 7), *story("done", 8), *story("made", 5))
    await reads.say(*story("ready", 6, minute=1), *story("counter", 6, method="pickup"))
    cafe = reads.cafe

    seen = {
        who: [(i["order_id"], i["rider"]) for i in (await reads.get(by, "/deliveries"))["items"]]
        for who, by in (
            ("rio", cafe.rider("rio")),
            ("rui", cafe.rider("rui")),
            ("olga", cafe.operator()),
        )
    }

    assert seen == {
        "rio": [("taken", "rio"), ("ready", None)],
        "rui": [("ready", None)],
        "olga": [("taken", "rio"), ("ready", None)],
    }


async def test_operators_see_every_order_that_is_not_at_rest_oldest_first(reads: Reads) -> None:
    await reads.say(*story("rest", 8), *story("made", 5, minute=2), *story("ready", 6, minute=1))
    await reads.say(*story("new", 1, minute=59))
    reads.cafe.clock.advance(3_600)

    page = await reads.get(reads.cafe.operator(), OPS)

    assert [(i["order_id"], i["order_status"], i["stuck"]) for i in page["items"]] == [
        ("ready", "Ready", True),
        ("made", "Making", True),
        ("new", "Ordered", False),
    ]
    first = page["items"][0]
    assert (first["age_s"], first["quiet_s"]) == (59 * 60, 59 * 60 - 5)
    assert first["order"] == {"version": 1, "status": "PLACED"}
    assert first["payment"] == {"version": 2, "status": "PAID"}
    assert first["cafe_order"] == {"version": 4, "status": "READY"}
    assert page["next"] is None


async def test_unsettled_orders_come_page_by_page_and_by_status(reads: Reads) -> None:
    await reads.say(*many(30), *(f for n in range(8) for f in story(f"r-{n}", 6, minute=n + 0.5)))
    olga = reads.cafe.operator()

    everything = await reads.all(olga, f"{OPS}?limit=7")
    ready = await reads.all(olga, f"{OPS}?limit=3&status=Ready")
    none = await reads.all(olga, f"{OPS}?limit=3&status=Cancelled")

    assert len(everything) == len(set(everything)) == 38
    assert everything[:4] == ["old-0", "r-0", "old-1", "r-1"]
    assert ready == [f"r-{n}" for n in range(8)]
    assert none == []


async def test_one_question_looks_through_so_many_and_says_where_to_go_on(reads: Reads) -> None:
    await reads.say(*many(use_cases.LOOK_THROUGH + 5), *story("late", 6, minute=10_000))
    olga = reads.cafe.operator()

    first = await reads.get(olga, f"{OPS}?status=Ready")
    found = await reads.all(olga, f"{OPS}?status=Ready")

    assert first["items"] == []
    assert first["next"] is not None
    assert found == ["late"]


async def test_any_orders_story_is_told_also_when_it_is_at_rest(reads: Reads) -> None:
    await reads.say(*story("rest", 8))
    olga = reads.cafe.operator()

    told = await reads.get(olga, f"{OPS}/rest")
    unknown = await olga.send("GET", f"{OPS}/unknown", b"", app_id="mypage-svc")

    assert [moment["event"] for moment in told["timeline"]][-1] == "DeliveryConfirmed"
    assert told["stuck"] is False
    assert unknown.status == 404


async def test_an_order_nobody_placed_yet_is_known_to_operators_alone(reads: Reads) -> None:
    _, paid, _ = story("o-1", 3)
    await reads.say(paid)

    page = await reads.get(reads.cafe.operator(), OPS)

    assert [(i["order_id"], i["placed_at"]) for i in page["items"]] == [("o-1", None)]
    assert (await reads.get(reads.cafe.customer(), "/my-pages"))["items"] == []
    assert page["items"][0]["quiet_s"] == 0
    assert paid.at - START == timedelta(seconds=1)
