"""What nobody can handle: it is parked with its reason, holds nobody up, and can be put right.

The poison is put straight into the streams, as a broken producer would: no service of ours says
such things.
"""

import json
import re
import uuid
from collections.abc import AsyncGenerator
from typing import Any, cast

import httpx
import pytest
import valkey.asyncio

from tests.e2e.cafe import POLL_S, Cafe, Person
from tests.waiting import wait_until
from tools.stack import Stack

pytestmark = pytest.mark.e2e

PAID, PICKED_UP = "cafe.Paid.v1", "cafe.OrderPickedUp.v1"
ORDERS = uuid.uuid5(uuid.NAMESPACE_URL, "cafe.example/orders")


@pytest.fixture
async def streams(stack: Stack) -> AsyncGenerator[Any]:
    client = cast("Any", valkey.asyncio.Valkey(port=stack.topology.ports["valkey"]))
    yield client
    await client.aclose()


def envelope(topic: str, order_id: str, who: str = "nobody", **changes: object) -> dict[str, Any]:
    """Return an event as daprd leaves it in a stream."""
    head = {"order_id": order_id, "customer_id": who, "cafe_id": "gangnam", "version": 9}
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": topic,
        "source": "somebody",
        "subject": order_id,
        "time": "2026-05-04T03:02:01Z",
        "datacontenttype": "application/json",
        "topic": topic,
        "pubsubname": "cafe-pubsub",
        "data": head | {"status": "SOME", "occurred_at": "2026-05-04T03:02:01Z"},
        **changes,
    }


async def say(streams: Any, topic: str, message: object) -> None:
    await streams.xadd(topic, {"data": json.dumps(message)})


async def letters(operator: Person, service: str, **query: str) -> list[dict[str, Any]]:
    """Return the open letters of a service."""
    path = str(httpx.URL("/ops/dead-letters", params={"limit": "50", **query}))
    return (await operator.get(service, path)).raise_for_status().json()["items"]


async def letter_of(operator: Person, service: str, **mark: str) -> dict[str, Any]:
    """Return the letter with this event_id or subject, as soon as it is there."""

    async def find() -> dict[str, Any] | None:
        found = await letters(operator, service)
        return next((letter for letter in found if letter.items() >= mark.items()), None)

    letter = await wait_until(find, what=f"letter {mark}", timeout_s=60, every_s=POLL_S)
    assert letter is not None
    return letter


POISON = {
    "valid JSON that is no CloudEvent": ({"hello": "world"}, "nobody here hears"),
    "an unknown version": (
        envelope(PAID, "some-order", type="cafe.Paid.v9"),
        "cafe.Paid.v9 is not an event of cafe.Paid.v1",
    ),
    "a schema violation": (
        envelope(PAID, "some-order", data={"order_id": 7}),
        "not an event of cafe.Paid.v1",
    ),
    "an impossible transition": (
        envelope(PICKED_UP, str(uuid.uuid4())),
        "nobody placed this order",
    ),
    "a body of 1 MiB": (
        envelope(PAID, "some-order", data={"note": "x" * 2**20}),
        "not an event of cafe.Paid.v1",
    ),
}


@pytest.mark.parametrize("kind", POISON)
async def test_poison_is_parked_with_its_reason_and_a_good_event_behind_it_does_not_wait(
    cafe: Cafe, streams: Any, kind: str
) -> None:
    message, reason = POISON[kind]
    message = message | {"id": str(uuid.uuid4())}
    operator, ana = cafe.operator(), cafe.customer()
    parked = await parked_letters(cafe, "order-svc", "WAITING")
    for _ in range(20):
        await say(streams, message.get("topic", PAID), message)

    order_id = await ana.ordered()

    await wait_until(
        lambda: ana.get("mypage-svc", f"/my-pages/{order_id}"),
        lambda page: page.is_success and page.json()["order_status"] == "Paid",
        what="the good event",
        timeout_s=5,
        every_s=POLL_S,
    )
    letter = await letter_of(operator, "order-svc", event_id=message["id"])
    assert letter["status"] == "WAITING"
    await wait_until(
        lambda: parked_letters(cafe, "order-svc", "WAITING"),
        lambda now: now == parked + 1,
        what="one letter more",
        timeout_s=20,
        every_s=1,
    )
    assert reason in letter["reason"]
    assert letter["whole"] == (kind != "a body of 1 MiB")
    whole = await operator.get("order-svc", f"/ops/dead-letters/{letter['id']}")
    kept = whole.json()["body"]
    assert json.loads(kept)["id"] == message["id"] if letter["whole"] else len(kept) == 1000


async def test_broken_json_never_reaches_a_handler_and_holds_nobody_up(
    cafe: Cafe, streams: Any
) -> None:
    """Daprd acknowledges an entry that is not JSON by itself; only a log line tells of it."""
    ana = cafe.customer()
    await streams.xadd(PAID, {"data": '{"half": '})

    order_id = await ana.ordered()

    await ana.page_once(order_id, "Paid")
    await wait_until(lambda: _pending(streams, PAID), lambda n: n == 0, what="all acknowledged")


async def test_broken_json_published_through_a_sidecar_is_parked(cafe: Cafe, stack: Stack) -> None:
    port, headers = (
        stack.topology.ports["payment-svc.http"],
        stack.topology.tokens.headers("payment-svc"),
    )
    event_id = str(uuid.uuid4())
    url = (
        f"http://127.0.0.1:{port}/v1.0/publish/cafe-pubsub/{PAID}?metadata.cloudevent.id={event_id}"
    )
    sent = {"content-type": "application/json", **headers}

    (await cafe.http.post(url, content='{"half": ', headers=sent)).raise_for_status()

    letter = await letter_of(cafe.operator(), "order-svc", event_id=event_id)
    assert (letter["status"], letter["topic"]) == ("WAITING", PAID)
    assert "not an event of cafe.Paid.v1" in letter["reason"]


async def test_a_letter_that_came_too_early_is_replayed_once_its_order_is_there(
    cafe: Cafe, streams: Any
) -> None:
    operator, ana, key = cafe.operator(), cafe.customer(), str(uuid.uuid4())
    order_id = str(uuid.uuid5(ORDERS, f"{ana.sub}\n{key}"))
    early = envelope("cafe.OrderAccepted.v1", order_id, ana.sub)
    await say(streams, "cafe.OrderAccepted.v1", early)
    letter = await letter_of(operator, "order-svc", event_id=early["id"])
    replay = f"/ops/dead-letters/{letter['id']}/replay"

    in_vain = await operator.post("order-svc", replay)
    assert (await ana.place(key=key)).json()["order_id"] == order_id
    done = [await operator.post("order-svc", replay) for _ in range(2)]

    assert (in_vain.status_code, in_vain.json()["current_status"]) == (409, "WAITING")
    assert [(each.status_code, each.json()["status"]) for each in done] == [(200, "HANDLED")] * 2
    assert (await ana.order_once(order_id, "ACCEPTED"))["order_id"] == order_id
    assert letter["id"] not in {each["id"] for each in await letters(operator, "order-svc")}


async def test_all_letters_of_a_topic_are_replayed_and_one_is_discarded_for_a_reason(
    cafe: Cafe, streams: Any
) -> None:
    operator, ana, topic = cafe.operator(), cafe.customer(), "cafe.DeliveryConfirmed.v1"
    keys = [str(uuid.uuid4()) for _ in range(3)]
    order_ids = [str(uuid.uuid5(ORDERS, f"{ana.sub}\n{key}")) for key in keys]
    early = [envelope(topic, order_id, ana.sub) for order_id in order_ids]
    for event in early:
        await say(streams, topic, event)
    parked = [await letter_of(operator, "order-svc", event_id=event["id"]) for event in early]
    for key in keys[:2]:
        assert (await ana.place(key=key)).is_success

    many = await operator.post("order-svc", "/ops/dead-letters/replay", json={"topic": topic})
    url = f"/ops/dead-letters/{parked[2]['id']}/discard"
    gone = await operator.post("order-svc", url, json={"reason": "never ordered"})

    assert many.json() == {"replayed": 2, "failed": 1, "next": None}
    for event in early[:2]:
        await ana.order_once(event["subject"], "COMPLETED")
    assert (gone.json()["status"], gone.json()["discarded_by"]) == ("DISCARDED", operator.sub)
    assert await letters(operator, "order-svc", topic=topic) == []


async def test_a_handler_that_always_fails_is_tried_again_until_it_does_not(
    cafe: Cafe, stack: Stack
) -> None:
    """Under the order's key cafe-svc finds what it cannot read, for longer than daprd retries."""
    operator, ana, key = cafe.operator(), cafe.customer(), str(uuid.uuid4())
    order_id = str(uuid.uuid5(ORDERS, f"{ana.sub}\n{key}"))
    headers = stack.topology.tokens.headers("cafe-svc")
    store = f"http://127.0.0.1:{stack.topology.ports['cafe-svc.http']}/v1.0/state/cafe-store"
    broken = [
        {
            "key": f"cafe-order:{order_id}",
            "value": "broken",
            "options": {"concurrency": "first-write"},
        }
    ]
    (await cafe.http.post(store, json=broken, headers=headers)).raise_for_status()

    assert (await ana.place(key=key)).is_success
    parked = await letter_of(operator, "cafe-svc", subject=order_id)
    gone = await cafe.http.delete(f"{store}/cafe-order:{order_id}", headers=headers)

    assert parked["status"] == "RETRYING"
    assert parked["retry_at"] > parked["last_at"]
    assert gone.is_success
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    await wait_until(
        lambda: operator.get("cafe-svc", f"/ops/dead-letters/{parked['id']}"),
        lambda answer: answer.json()["status"] == "HANDLED",
        what="the letter handled",
        timeout_s=30,
        every_s=POLL_S,
    )


async def parked_letters(cafe: Cafe, service: str, status: str) -> float:
    """Return the gauge of a service."""
    metrics = (await cafe.http.get(cafe.url(service, "/metrics"))).text
    [line] = re.findall(rf'^cafe_dead_letters{{status="{status}"}} (.*)$', metrics, re.MULTILINE)
    return float(line)


async def _pending(streams: Any, topic: str) -> int:
    groups = await streams.xinfo_groups(topic)
    return sum(group["pending"] + (group["lag"] or 0) for group in groups)
