"""Delivery in memory: in any sequence, as often as a test likes, until it is handled."""

import json
from collections.abc import Mapping

import pytest

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.outcomes import Done, Drop, Retry
from cafe_kit.sidecar import Reply

TOPIC = "lamp.Lit.v1"
ROW = {"pubsubname": "broker", "topic": TOPIC, "route": "/lit"}
SUBSCRIBED = Reply(200, json.dumps([ROW]).encode())
SUCCESS = Reply(200, b'{"status":"SUCCESS"}')


class Hearer:
    """Hears TOPIC; answers with `replies` as long as there are any."""

    def __init__(self, *replies: Reply | type[OSError]) -> None:
        self._replies = list(replies)
        self.heard: list[bytes] = []

    async def __call__(
        self, _method: str, target: str, body: bytes, _headers: Mapping[str, str]
    ) -> Reply:
        """Answer one request."""
        if target == "/dapr/subscribe":
            return SUBSCRIBED
        self.heard.append(body)
        reply = self._replies.pop(0) if self._replies else SUCCESS
        if not isinstance(reply, Reply):
            raise reply
        return reply


async def publish_numbers(sidecar: MemorySidecar, count: int) -> list[bytes]:
    """Publish events and return them."""
    events = [b"%d" % number for number in range(count)]
    for event in events:
        await sidecar.publish(TOPIC, event)
    return events


async def test_every_subscriber_hears_every_event(dapr: MemoryDapr, sidecar: MemorySidecar) -> None:
    one, two = Hearer(), Hearer()
    await dapr.join("one", one)
    await dapr.join("two", two)

    events = await publish_numbers(sidecar, 3)
    assert one.heard == []

    await dapr.settle()
    assert one.heard == two.heard == events


async def test_an_app_whose_subscriptions_cannot_be_read_hears_nothing(
    dapr: MemoryDapr, sidecar: MemorySidecar
) -> None:
    async def broken(*_: object) -> Reply:
        return Reply(500, b"oops")

    await dapr.join("broken", broken)

    await publish_numbers(sidecar, 1)

    assert not dapr.pending
    assert (await dapr.sidecar("broken").metadata()).subscriptions == ()


@pytest.mark.parametrize(
    "answer",
    [
        Reply(500, b""),
        Reply(404, b'{"status":"SUCCESS"}'),
        Reply(200, b'{"status":"RETRY"}'),
        ConnectionRefusedError,
    ],
)
async def test_what_is_not_handled_comes_again_after_the_others(
    dapr: MemoryDapr, sidecar: MemorySidecar, answer: Reply | type[OSError]
) -> None:
    hearer = Hearer(answer)
    await dapr.join("hearer", hearer)
    await publish_numbers(sidecar, 2)

    assert await dapr.deliver(dapr.pending.popleft()) == Retry("not handled")

    await dapr.settle()
    assert hearer.heard == [b"0", b"1", b"0"]


async def test_a_subscriber_that_left_is_waited_for(
    dapr: MemoryDapr, sidecar: MemorySidecar
) -> None:
    await dapr.join("hearer", Hearer())
    await publish_numbers(sidecar, 1)

    del dapr.apps["hearer"]

    assert await dapr.deliver(dapr.pending.popleft()) == Retry("not handled")


async def test_what_is_dropped_is_kept_as_dead(dapr: MemoryDapr, sidecar: MemorySidecar) -> None:
    await dapr.join("hearer", Hearer(Reply(200, b'{"status":"DROP"}')))
    await publish_numbers(sidecar, 2)

    outcomes = [await dapr.deliver(dapr.pending.popleft()) for _ in range(2)]

    assert outcomes == [Drop("dropped by the handler"), Done()]
    assert [(dead.app_id, dead.event) for dead in dapr.dead] == [("hearer", b"0")]


async def test_settling_gives_up_on_what_is_never_handled(
    dapr: MemoryDapr, sidecar: MemorySidecar
) -> None:
    await dapr.join("hearer", Hearer(*[Reply(500, b"")] * 10))
    await publish_numbers(sidecar, 1)

    with pytest.raises(RuntimeError, match="1 events still pending after 10 deliveries"):
        await dapr.settle(limit=10)

    await dapr.settle(limit=2)
    assert not dapr.pending


async def test_duplicates_are_delivered_twice(dapr: MemoryDapr, sidecar: MemorySidecar) -> None:
    hearer = Hearer()
    await dapr.join("hearer", hearer)
    await publish_numbers(sidecar, 2)

    dapr.duplicate()

    await dapr.settle()
    assert hearer.heard == [b"0", b"1", b"0", b"1"]


async def test_a_seed_repeats_its_sequence() -> None:
    async def shuffled(seed: int) -> list[bytes]:
        dapr, hearer = MemoryDapr(seed), Hearer()
        await dapr.join("hearer", hearer)
        await publish_numbers(dapr.sidecar("lamp-svc"), 20)
        dapr.shuffle()
        await dapr.settle()
        return hearer.heard

    first, same, other = await shuffled(7), await shuffled(7), await shuffled(8)

    assert first == same != other
    assert sorted(first) == sorted(other)
