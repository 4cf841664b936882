"""What the cafe does with a paid order: it is queued, made, and handed over step by step."""

import asyncio
from dataclasses import replace

import pytest

from cafe_kit.outcomes import Done, Drop
from tests.memory.cafe import MemoryCafe
from tests.memory.journeys import DELIVERY, PAID, PICKUP, Journey, command, play

AT_DOOR = replace(PICKUP, fulfilment=DELIVERY.fulfilment)
STATUS_AFTER = {
    "accept": "ACCEPTED",
    "start": "MAKING",
    "finish": "READY",
    "hand-over": "PICKED_UP",
    "start-delivery": "DELIVERING",
    "confirm-delivery": "DELIVERED",
}
TO_COUNTER = ("accept", "start", "finish", "hand-over")
TO_DOOR = ("accept", "start", "finish", "start-delivery", "confirm-delivery")


async def paid(cafe: MemoryCafe, journey: Journey = PAID, *done: str) -> str:
    """Place and pay ana's order, and take the steps `done`."""
    return await play(cafe, replace(journey, commands=done))


async def test_a_paid_order_waits_and_reads_back(cafe: MemoryCafe) -> None:
    order_id = await paid(cafe)

    answer = await cafe.barista().get(f"/cafe-orders/{order_id}")

    assert (answer.status, answer.headers["etag"]) == (200, '"1"')
    assert answer.body == {
        "order_id": order_id,
        "customer_id": "ana",
        "cafe_id": "gangnam",
        "status": "QUEUED",
        "items": [{"menu_id": "latte", "name": "Latte", "quantity": 2}],
        "fulfilment": {"method": "pickup", "address": None},
        "note": None,
        "queued_at": "2026-03-02T09:00:00Z",
        "ready_at": "2026-03-02T09:10:00Z",
        "barista": None,
        "rider": None,
        "reason": None,
        "detail": None,
        "version": 1,
    }


async def test_hongdae_accepts_by_itself_in_two_versions(cafe: MemoryCafe) -> None:
    order_id = await play(cafe, replace(DELIVERY, commands=()))

    said = [event for event in cafe.events(order_id) if event["source"] == "cafe-svc"]
    assert [(e["type"], e["data"]["version"], e["data"]["status"]) for e in said] == [
        ("cafe.OrderQueued.v1", 1, "QUEUED"),
        ("cafe.OrderAccepted.v1", 2, "ACCEPTED"),
    ]
    assert said[1]["data"]["ready_at"] == "2026-03-02T09:10:00Z"
    assert len(cafe.document("cafe-svc", f"cafe-order:{order_id}")["journal"]) == 1


@pytest.mark.parametrize(
    ("journey", "names"), [(PICKUP, TO_COUNTER), (AT_DOOR, TO_DOOR)], ids=["counter", "door"]
)
async def test_each_step_says_one_event_and_repeating_it_changes_nothing(
    cafe: MemoryCafe, journey: Journey, names: tuple[str, ...]
) -> None:
    order_id = await paid(cafe, journey)

    for version, name in enumerate(names, 2):
        cafe.clock.advance(60)
        first = await command(cafe, journey, order_id, name)
        said = cafe.events(order_id)[-1]
        again = await command(cafe, journey, order_id, name)

        assert (first.status, first.body["status"]) == (200, STATUS_AFTER[name])
        assert (first.body["version"], first.headers["etag"]) == (version, f'"{version}"')
        assert (again.status, again.body) == (200, first.body)
        assert said["data"]["version"] == version
        assert cafe.events(order_id)[-1] == said

    last = (await cafe.operator().get(f"/cafe-orders/{order_id}")).body
    assert last["barista"] == "barista-gangnam"
    assert last["rider"] == ("rita" if journey is AT_DOOR else None)
    assert last["ready_at"] == "2026-03-02T09:11:00Z"


async def test_five_baristas_at_once_take_a_step_once(cafe: MemoryCafe) -> None:
    order_id = await paid(cafe)

    for version, name in enumerate(TO_COUNTER, 2):
        answers = await asyncio.gather(*(command(cafe, PICKUP, order_id, name) for _ in range(5)))

        assert {(a.status, a.body["version"]) for a in answers} == {(200, version)}
        assert cafe.events(order_id)[-1]["data"]["version"] == version


@pytest.mark.parametrize(
    ("journey", "names"), [(PICKUP, TO_COUNTER), (AT_DOOR, TO_DOOR)], ids=["counter", "door"]
)
async def test_a_step_out_of_turn_is_409_and_names_the_state(
    cafe: MemoryCafe, journey: Journey, names: tuple[str, ...]
) -> None:
    order_id = await paid(cafe, journey)
    status = "QUEUED"

    for number, name in enumerate(names):
        for wrong in (n for n in STATUS_AFTER if n not in names[: number + 1]):
            answer = await command(cafe, journey, order_id, wrong)
            assert (answer.status, answer.body["current_status"]) == (409, status)
            assert answer.headers["content-type"] == "application/problem+json"
        taken = await command(cafe, journey, order_id, name)
        status = taken.body["status"]

    versions = [e["data"]["version"] for e in cafe.events(order_id) if e["source"] == "cafe-svc"]
    assert versions == list(range(1, len(names) + 2))


async def test_a_pickup_order_cannot_be_delivered_nor_a_delivery_handed_over(
    cafe: MemoryCafe,
) -> None:
    at_counter = await paid(cafe, PICKUP, "accept", "start", "finish")
    delivered = await command(cafe, PICKUP, at_counter, "start-delivery")
    handed_over = await command(cafe, PICKUP, at_counter, "hand-over")

    assert (delivered.status, delivered.body["current_status"]) == (409, "READY")
    assert "picked up at the counter" in delivered.body["detail"]
    assert handed_over.status == 200


async def test_only_a_barista_of_the_cafe_may_take_a_step(cafe: MemoryCafe) -> None:
    order_id = await paid(cafe)

    answer = await cafe.barista("jamsil").post(f"/cafe-orders/{order_id}/accept")

    assert answer.status == 403
    assert (await command(cafe, PAID, order_id, "accept")).body["version"] == 2


async def test_a_step_of_an_unknown_order_is_404(cafe: MemoryCafe) -> None:
    for order_id in ("unknown", "a||b"):
        found = {name: (await command(cafe, PAID, order_id, name)).status for name in STATUS_AFTER}

        assert found == dict.fromkeys(STATUS_AFTER, 404)


async def test_an_order_is_seen_by_those_it_concerns(cafe: MemoryCafe) -> None:
    path = f"/cafe-orders/{await paid(cafe)}"
    callers = {
        "customer": cafe.customer("ana"),
        "another customer": cafe.customer("bob"),
        "barista": cafe.barista("gangnam"),
        "another cafe's barista": cafe.barista("jamsil"),
        "rider": cafe.rider(),
        "operator": cafe.operator(),
    }

    seen = {name: (await caller.get(path)).status for name, caller in callers.items()}

    assert seen == {
        "customer": 200,
        "another customer": 404,
        "barista": 200,
        "another cafe's barista": 404,
        "rider": 200,
        "operator": 200,
    }
    assert (await cafe.operator().get("/cafe-orders/unknown")).status == 404


async def test_of_two_riders_one_has_the_delivery_and_the_other_is_told(cafe: MemoryCafe) -> None:
    order_id = await paid(cafe, AT_DOOR)
    for name in ("accept", "start", "finish"):
        await command(cafe, AT_DOOR, order_id, name)
    path = f"/cafe-orders/{order_id}"

    both = await asyncio.gather(
        *(cafe.rider(sub).post(f"{path}/start-delivery") for sub in ("rita", "rob"))
    )
    taken_by = (await cafe.operator().get(path)).body["rider"]
    other = {"rita": "rob", "rob": "rita"}[taken_by]
    stolen = await cafe.rider(other).post(f"{path}/confirm-delivery")
    brought = await cafe.rider(taken_by).post(f"{path}/confirm-delivery")
    after = [
        await cafe.rider(other).post(f"{path}/{name}-delivery") for name in ("start", "confirm")
    ]

    assert sorted(answer.status for answer in both) == [200, 409]
    assert (stolen.status, stolen.body["current_status"]) == (409, "DELIVERING")
    assert (brought.status, brought.body["rider"]) == (200, taken_by)
    assert [answer.status for answer in after] == [409, 409]


async def test_a_paid_order_twice_is_queued_once(cafe: MemoryCafe) -> None:
    order_id = await paid(cafe)
    paid_event = next(e for t, e in cafe.dapr.published if t == "cafe.Paid.v1")

    cafe.dapr.accept("cafe.Paid.v1", paid_event)
    outcomes = await cafe.deliver("cafe-svc")

    assert outcomes == [Done()]
    assert (await cafe.barista().get(f"/cafe-orders/{order_id}")).body["version"] == 1


async def test_an_order_for_a_cafe_nobody_knows_is_dropped(cafe: MemoryCafe) -> None:
    cafe.tell(
        "Paid", "o-1", cafe_id="atlantis", items=[], fulfilment={"method": "pickup"}, note=None
    )

    (outcome,) = await cafe.deliver("cafe-svc")

    assert isinstance(outcome, Drop)
    assert cafe.document("cafe-svc", "cafe-order:o-1") is None
