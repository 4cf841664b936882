"""One order through all four services, and through everything a broker may do to its events."""

import asyncio
from dataclasses import replace

import pytest

from tests.memory.cafe import MemoryCafe
from tests.memory.checks import assert_at_rest
from tests.memory.faults import at_once, scrambled, told, twice
from tests.memory.journeys import (
    CANCELLED,
    DECLINED,
    DELIVERY,
    PAID,
    PICKUP,
    REFUSED,
    REJECTED,
    Journey,
    play,
)

SEEDS = 6
JOURNEYS = pytest.mark.parametrize(
    "journey",
    [PICKUP, DELIVERY, DECLINED, CANCELLED, REFUSED, REJECTED],
    ids=["pickup", "delivery", "declined", "cancelled", "refused", "rejected"],
)


@JOURNEYS
async def test_an_order_comes_to_its_end(cafe: MemoryCafe, journey: Journey) -> None:
    order_id = await play(cafe, journey)

    await assert_at_rest(cafe, journey, order_id)


@JOURNEYS
async def test_every_event_may_be_delivered_twice(cafe: MemoryCafe, journey: Journey) -> None:
    order_id = await play(cafe, journey, between=twice(cafe))

    await assert_at_rest(cafe, journey, order_id)


@JOURNEYS
async def test_all_events_may_come_twice_and_at_the_same_time(
    cafe: MemoryCafe, journey: Journey
) -> None:
    order_id = await play(cafe, journey, between=at_once(cafe))

    await assert_at_rest(cafe, journey, order_id)


@JOURNEYS
async def test_events_may_come_in_any_sequence_and_again(
    cafe: MemoryCafe, journey: Journey
) -> None:
    for seed in range(SEEDS):
        with told(seed=seed):
            cafe.dapr.dice.seed(seed)

            order_id = await play(cafe, journey, str(seed), between=scrambled(cafe))

            await assert_at_rest(cafe, journey, order_id)


@JOURNEYS
async def test_all_events_once_more_in_any_sequence_change_nothing(
    cafe: MemoryCafe, journey: Journey
) -> None:
    order_id = await play(cafe, journey)
    before = {app_id: dict(node.documents) for app_id, node in cafe.nodes.items()}
    said = len({event["id"] for event in cafe.events(order_id)})

    for topic, event in list(cafe.dapr.published):
        cafe.dapr.accept(topic, event)
    cafe.dapr.shuffle()
    await cafe.settle()

    assert {app_id: node.documents for app_id, node in cafe.nodes.items()} == before
    assert len({event["id"] for event in cafe.events(order_id)}) == said
    await assert_at_rest(cafe, journey, order_id)


@pytest.mark.parametrize("method", ["tok_500_after_charge", "tok_timeout_after_charge"])
async def test_a_lost_answer_of_the_gateway_delays_an_order_and_charges_once(
    cafe: MemoryCafe, method: str
) -> None:
    journey = replace(PICKUP, payment_method=method)

    order_id = await play(cafe, journey, between=lambda: cafe.advance(2))

    await assert_at_rest(cafe, journey, order_id)


async def test_a_card_nobody_knows_cancels_the_order(cafe: MemoryCafe) -> None:
    journey = replace(DECLINED, payment_method="tok_nobody_knows")

    order_id = await play(cafe, journey)

    await assert_at_rest(cafe, journey, order_id)


@pytest.mark.parametrize("app_id", ["payment-svc", "cafe-svc", "mypage-svc"])
async def test_ordering_works_while_another_service_is_down_and_it_catches_up(
    cafe: MemoryCafe, app_id: str
) -> None:
    await play(cafe, PAID, "warms the menu")
    cafe.nodes[app_id].crash()
    placed = await cafe.customer().post("/orders", PICKUP.body, idempotency_key="1")
    await cafe.settle()
    waiting = {delivery.app_id for delivery in cafe.dapr.pending}

    await cafe.heal()
    order_id = await play(cafe, PICKUP, "1")

    assert (placed.status, placed.body["order_id"]) == (201, order_id)
    assert waiting == {app_id}
    await assert_at_rest(cafe, PICKUP, order_id)


async def test_all_services_may_crash_at_once_and_lose_nothing(cafe: MemoryCafe) -> None:
    placed = await cafe.customer().post("/orders", PICKUP.body, idempotency_key="1")
    for node in cafe.nodes.values():
        node.crash()
    refused = await cafe.customer().get(f"/orders/{placed.body['order_id']}")

    await cafe.heal()
    order_id = await play(cafe, PICKUP, "1")

    assert refused.status == 502
    assert order_id == placed.body["order_id"]
    await assert_at_rest(cafe, PICKUP, order_id)


async def test_many_orders_at_once_keep_out_of_each_others_way(cafe: MemoryCafe) -> None:
    journeys = [PICKUP, DELIVERY, DECLINED] * 5

    order_ids = await asyncio.gather(
        *(play(cafe, journey, str(key), at_once(cafe)) for key, journey in enumerate(journeys))
    )

    for order_id, journey in zip(order_ids, journeys, strict=True):
        await assert_at_rest(cafe, journey, order_id)
