"""One order through all four services, and through everything a broker may do to its events."""

import pytest

from tests.memory.cafe import MemoryCafe
from tests.memory.checks import assert_at_rest
from tests.memory.faults import scrambled, told, twice
from tests.memory.journeys import DECLINED, DELIVERY, PICKUP, Journey, play

SEEDS = 25
JOURNEYS = pytest.mark.parametrize(
    "journey", [PICKUP, DELIVERY, DECLINED], ids=["pickup", "delivery", "declined"]
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
