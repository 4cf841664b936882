"""Events: what is handed over, and what arrives at the app."""

import json

import pytest

from cafe_kit.sidecar import MAX_BODY_BYTES, Rejected, Reply, Unavailable
from cafe_kit.sidecar_facts import Subscription
from cafe_kit.tracing import span
from kit.tests.sidecar_contract.recording_app import (
    APP_ID,
    PUBSUB,
    ROUTE,
    SUCCESS,
    TOPIC,
    Request,
    about,
)
from kit.tests.sidecar_contract.world import World, new_event
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOBODY_HEARS = "contract.NobodyHears.v1"
RETRY = Reply(200, b'{"status":"RETRY"}')
DROP = Reply(200, b'{"status":"DROP"}')
BROKEN = Reply(500, b"")


async def heard(world: World, event_id: str) -> Request:
    """Return the first delivery of an event."""
    await world.settle()
    return (await wait_until(lambda: world.app.heard(event_id), what="the event"))[0]


async def test_the_sidecar_knows_what_the_app_subscribed_to(world: World) -> None:
    metadata = await world.sidecar.metadata()

    assert metadata.app_id == APP_ID
    assert metadata.subscriptions == (Subscription(PUBSUB, TOPIC, ""),)
    assert metadata.topics == {TOPIC}


async def test_no_breaker_is_open_where_all_is_well(world: World) -> None:
    assert {each.state for each in await world.sidecar.breakers()} <= {"closed"}


async def test_an_event_arrives_at_its_route_with_every_attribute(world: World) -> None:
    event_id, event = new_event(amount=9000, nested={"text": "ü☕"}, big=2**53 + 1)

    await world.sidecar.publish(TOPIC, event)

    request = await heard(world, event_id)
    assert (request.method, request.target) == ("POST", ROUTE)
    assert request.headers["content-type"] == "application/cloudevents+json"
    sent, arrived = json.loads(event), json.loads(request.body)
    assert {name: arrived[name] for name in sent} == sent


async def test_an_event_nobody_hears_is_accepted(world: World) -> None:
    (event_id, event), (later, heard_by_the_app) = new_event(NOBODY_HEARS), new_event()

    await world.sidecar.publish(NOBODY_HEARS, event)

    await world.sidecar.publish(TOPIC, heard_by_the_app)
    await heard(world, later)
    assert not [request for request in world.app.requests if event_id.encode() in request.body]


async def test_an_event_is_delivered_again_until_it_is_done(world: World) -> None:
    event_id, event = new_event()
    world.app.answer = about(event_id, RETRY, BROKEN, SUCCESS)

    await world.sidecar.publish(TOPIC, event)

    await world.settle()
    await wait_until(lambda: len(world.app.heard(event_id)) == 3, what="three deliveries")


async def test_a_dropped_event_is_not_delivered_again(world: World) -> None:
    (dropped, first), (later, second) = new_event(), new_event()
    world.app.answer = about(dropped, DROP)

    await world.sidecar.publish(TOPIC, first)
    await heard(world, dropped)

    await world.sidecar.publish(TOPIC, second)
    await heard(world, later)
    assert len(world.app.heard(dropped)) == 1


async def test_an_event_above_the_limit_is_rejected(world: World) -> None:
    event_id, event = new_event(text="x" * MAX_BODY_BYTES)

    with pytest.raises(Rejected):
        await world.sidecar.publish(TOPIC, event)

    await world.settle()
    assert world.app.heard(event_id) == []


async def test_an_event_whose_answer_never_came_may_be_out(world: World) -> None:
    event_id, event = new_event()

    with pytest.raises(Unavailable):
        await world.mute.publish(TOPIC, event)

    assert await heard(world, event_id)


async def test_the_trace_of_the_publisher_reaches_the_subscriber(world: World) -> None:
    event_id, event = new_event()

    with span("publishing", {}) as ids:
        await world.sidecar.publish(TOPIC, event)

    assert ids["trace_id"] in (await heard(world, event_id)).headers["traceparent"]
