"""Many letters: the list with its pages, replaying all of a topic, the gauge, who may ask."""

import json
from itertools import chain
from typing import Any

import pytest

from cafe_kit.letters import Status
from cafe_kit.ops import REPLAY_FOR_S, REPLAY_LIMIT
from cafe_kit.outcomes import Done, Drop, Retry
from kit.tests.desk import in_virtual_time
from kit.tests.hooks import away
from kit.tests.lamp import SOURCE
from kit.tests.lamp_events import lit
from kit.tests.lamp_service import Service
from kit.tests.letter_box import HASTY, PATH, LetterBox

LIT, DARK = "lamp.Lit.v1", "lamp.Dark.v1"
DISCARD = {"reason": "a test of theirs"}
REPLAY_LIT = {"topic": LIT}


async def parked(count: int, topic: str = LIT, box: LetterBox | None = None) -> LetterBox:
    """Return a box with so many more letters of a topic; two arrive in each second."""
    box = box or await LetterBox(Service(Drop("no lamp glows")), HASTY).start()
    for number in range(count):
        await box.desk.elapse(number % 2)
        await box.receive(lit(id=f"{topic}-{number}", type=topic, topic=topic))
    return box


async def listed(box: LetterBox, query: str = "") -> dict[str, Any]:
    """Return one page."""
    reply = await box.ask("GET", query)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


async def pages(box: LetterBox, query: str) -> list[list[str]]:
    """Return the event ids on every page."""
    page = await listed(box, f"?{query}")
    found = [[item["event_id"] for item in page["items"]]]
    while page["next"]:
        page = await listed(box, f"?{query}&cursor={page['next']}")
        found.append([item["event_id"] for item in page["items"]])
    return found


async def replayed(box: LetterBox, body: dict[str, str]) -> tuple[int, int, str | None]:
    """Replay many: how many went well, how many did not, and the cursor of the rest."""
    reply = await box.ask("POST", "/replay", body)
    assert reply.status == 200, reply.body
    told = json.loads(reply.body)
    return told["replayed"], told["failed"], told["next"]


@in_virtual_time
async def test_open_letters_are_listed_oldest_first_without_their_text() -> None:
    box = await parked(3)

    page = await listed(box)

    letter = json.loads((await box.ask("GET", f"/{page['items'][0]['id']}")).body)
    assert letter.pop("body") == lit(id=f"{LIT}-0").decode()
    assert page["items"][0] == letter
    assert sorted(item["event_id"] for item in page["items"]) == [f"{LIT}-{n}" for n in range(3)]
    times = [item["first_at"] for item in page["items"]]
    assert (times, page["next"]) == (sorted(times), None)


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (50, [7])])
@in_virtual_time
async def test_page_by_page_every_letter_is_shown_once(limit: int, sizes: list[int]) -> None:
    box = await parked(7)

    found = await pages(box, f"limit={limit}")

    assert [len(page) for page in found] == sizes
    assert sorted(chain.from_iterable(found)) == [f"{LIT}-{number}" for number in range(7)]


@in_virtual_time
async def test_the_list_of_one_topic_has_no_others() -> None:
    box = await parked(3, DARK, await parked(2))

    assert len([*chain.from_iterable(await pages(box, "limit=1"))]) == 5
    assert sorted(chain.from_iterable(await pages(box, f"limit=2&topic={DARK}"))) == [
        f"{DARK}-{number}" for number in range(3)
    ]
    assert await pages(box, "topic=lamp.Gone.v1") == [[]]


@in_virtual_time
async def test_a_letter_that_was_settled_and_not_struck_out_is_not_shown_and_then_struck_out() -> (
    None
):
    box = await parked(2)
    [settled, *_] = box.stored

    def no_index(verb: str, phase: str, what: str) -> None:
        if what.startswith("dead-letters:"):
            away("save")(verb, phase, what)

    box.desk.sidecar.hook = no_index
    await box.ask("POST", f"/{settled}/discard", DISCARD)
    box.desk.sidecar.hook = None
    assert len(box.indexed) == 2

    page = await listed(box)

    assert settled not in [item["id"] for item in page["items"]]
    assert len(page["items"]) == len(box.indexed) == 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?limit=0", 422),
        ("?limit=51", 422),
        ("?limit=many", 422),
        ("?cursor=nonsense", 400),
        (f"?cursor={'x' * 201}", 422),
        (f"?topic={'x' * 201}", 422),
    ],
)
@in_virtual_time
async def test_a_query_that_makes_no_sense_is_refused(query: str, status: int) -> None:
    box = await LetterBox().start()

    assert (await box.ask("GET", query)).status == status


@in_virtual_time
async def test_all_letters_of_a_topic_are_replayed_and_no_others() -> None:
    box = await parked(2, DARK, await parked(4))
    box.service.outcome = Done()

    assert await replayed(box, REPLAY_LIT) == (4, 0, None)

    assert {each["topic"] for each in (await listed(box))["items"]} == {DARK}
    assert await replayed(box, REPLAY_LIT) == (0, 0, None)


@in_virtual_time
async def test_more_than_one_request_may_replay_are_reached_by_the_cursor() -> None:
    box = await parked(REPLAY_LIMIT + 3)
    first = await replayed(box, REPLAY_LIT)

    assert first[:2] == (0, REPLAY_LIMIT)
    assert first[2] is not None

    box.service.outcome = Done()
    assert await replayed(box, REPLAY_LIT | {"cursor": first[2]}) == (3, 0, None)
    assert len(box.indexed) == REPLAY_LIMIT


@in_virtual_time
async def test_one_that_fails_does_not_hold_up_the_others() -> None:
    box = await parked(3, box=await parked(1, DARK))
    [_, second, third, _] = [item["id"] for item in (await listed(box))["items"]]
    box.service.outcome = Done()
    discarded = box.desk.sidecar.documents[f"dead-letter:{second}"]
    discarded[0]["state"]["status"] = Status.DISCARDED.value
    box.desk.sidecar.documents[f"dead-letter:{third}"][0]["state"]["message"]["size"] += 1

    assert await replayed(box, REPLAY_LIT) == (1, 2, None)


@in_virtual_time
async def test_those_that_fail_for_a_while_count_as_failed_and_go_on_by_themselves() -> None:
    box = await parked(2)
    box.service.outcome = Retry("busy")

    assert await replayed(box, REPLAY_LIT) == (0, 2, None)

    box.service.outcome = Done()
    await box.desk.elapse(60)
    assert set(box.stored.values()) == {Status.HANDLED}


@in_virtual_time
async def test_a_request_to_replay_many_ends_in_time_and_names_where_to_go_on() -> None:
    box = await parked(5)
    box.service.outcome = Done()
    box.desk.latency_s = REPLAY_FOR_S / 20

    done, failed, cursor = await replayed(box, REPLAY_LIT)

    assert (0 < done < 5, failed) == (True, 0)
    assert cursor is not None
    box.desk.latency_s = 0
    assert await replayed(box, REPLAY_LIT | {"cursor": cursor}) == (5 - done, 0, None)
    assert box.indexed == {}


@pytest.mark.parametrize(
    "body", [{}, {"topic": ""}, {"topic": "x" * 201}, REPLAY_LIT | {"x": 1}, {"cursor": "x" * 201}]
)
@in_virtual_time
async def test_to_replay_many_needs_a_topic(body: dict[str, Any]) -> None:
    box = await parked(1)

    assert (await box.ask("POST", "/replay", body)).status == 422
    assert len(box.service.given) == 1


@pytest.mark.parametrize("roles", [(), ("keeper",), ("Operator",)])
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", ""),
        ("GET", "/x"),
        ("POST", "/replay"),
        ("POST", "/x/replay"),
        ("POST", "/x/discard"),
    ],
)
@in_virtual_time
async def test_only_operators_may_look_after_letters(
    method: str, target: str, roles: tuple[str, ...]
) -> None:
    box = await parked(1)
    body = REPLAY_LIT if target == "/replay" else DISCARD
    [letter_id] = box.stored
    path = target.replace("x", letter_id)

    reply = await box.ask(method, path, body, roles=roles)
    nobody = await box.desk.dapr.apps[SOURCE](method, PATH + path, b"", {})

    assert (reply.status, nobody.status) == (403, 401)
    assert box.stored == {letter_id: Status.WAITING}
    assert len(box.service.given) == 1
