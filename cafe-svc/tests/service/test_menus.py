"""Cafes and menus: public, seeded once, at most 5 s old."""

import pytest

from cafe_kit.outcomes import Retry
from cafe_kit.sidecar import Unavailable
from tests.memory.cafe import MemoryCafe
from tests.memory.faults import Calls, FaultAt


async def test_a_menu_is_public(cafe: MemoryCafe) -> None:
    answer = await cafe.caller().get("/menus?cafe_id=hongdae")

    assert answer.status == 200
    assert (answer.body["cafe_id"], answer.body["open"], answer.body["next"]) == (
        "hongdae",
        True,
        None,
    )
    assert answer.body["items"][0] == {
        "menu_id": "americano",
        "name": "Americano",
        "price": {"amount": 4500, "currency": "KRW"},
        "sold_out": False,
    }


async def test_the_menu_of_a_cafe_nobody_knows_is_empty_and_costs_no_call(
    cafe: MemoryCafe,
) -> None:
    cafe.fault = calls = Calls()

    answer = await cafe.caller().get("/menus?cafe_id=atlantis")

    assert answer.status == 200
    assert answer.body == {"cafe_id": "atlantis", "open": None, "items": [], "next": None}
    assert calls.made == []


async def test_a_menu_needs_a_cafe(cafe: MemoryCafe) -> None:
    for query in ("", "?cafe_id=", f"?cafe_id={'x' * 41}"):
        assert (await cafe.caller().get(f"/menus{query}")).status == 422, query


async def test_the_cafes_are_public(cafe: MemoryCafe) -> None:
    answer = await cafe.caller().get("/cafes")

    assert answer.status == 200
    assert answer.body == {
        "items": [
            {"cafe_id": "gangnam", "name": "Cafe Gangnam", "open": True},
            {"cafe_id": "hongdae", "name": "Cafe Hongdae", "open": True},
            {"cafe_id": "jamsil", "name": "Cafe Jamsil", "open": True},
        ],
        "next": None,
    }


async def test_a_cafe_is_read_at_most_every_five_seconds(cafe: MemoryCafe) -> None:
    cafe.fault = calls = Calls()
    counts: list[int] = []

    for wait_s in [0, 4.9, 0.1]:
        cafe.clock.advance(wait_s)
        await cafe.caller().get("/menus?cafe_id=gangnam")
        counts.append(calls.count("cafe-svc", "get", "cafe:gangnam"))

    assert counts == [1, 1, 2]


async def test_the_seed_is_inserted_once_and_never_over_what_changed(cafe: MemoryCafe) -> None:
    cafe.document("cafe-svc", "cafe:gangnam")["state"]["name"] = "Renamed since"
    etags = {key: etag for key, (_, etag) in cafe.nodes["cafe-svc"].documents.items()}

    cafe.nodes["cafe-svc"].crash()
    await cafe.heal()

    answer = await cafe.caller().get("/cafes")
    assert answer.body["items"][0]["name"] == "Renamed since"
    after = {key: etag for key, (_, etag) in cafe.nodes["cafe-svc"].documents.items()}
    assert after == etags


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_start_that_fails_half_way_is_finished(cafe: MemoryCafe, phase: str) -> None:
    node = cafe.nodes["cafe-svc"]
    node.crash()
    node.documents.clear()
    cafe.fault = FaultAt(2, phase, lambda: Unavailable("away"))

    await cafe.heal()

    assert sorted(node.documents) == ["cafe:gangnam", "cafe:hongdae", "cafe:jamsil"]


async def test_a_menu_that_cannot_be_read_is_503(cafe: MemoryCafe) -> None:
    cafe.fault = FaultAt(1, "before", lambda: Unavailable("away"))

    answer = await cafe.caller().get("/menus?cafe_id=gangnam")

    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


async def test_a_cafe_that_is_not_founded_yet_is_not_unknown_but_comes_later(
    cafe: MemoryCafe,
) -> None:
    del cafe.nodes["cafe-svc"].documents["cafe:gangnam"]

    listed = await cafe.caller().get("/cafes")
    menu = await cafe.caller().get("/menus?cafe_id=gangnam")
    cafe.tell("Paid", "o-1", items=[], fulfilment={"method": "pickup"}, note=None)

    assert (listed.status, menu.status) == (503, 503)
    assert [type(outcome) for outcome in await cafe.deliver("cafe-svc")] == [Retry]
