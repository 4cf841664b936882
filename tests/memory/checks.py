"""What must hold of an order at rest, whatever has happened on the way."""

from functools import reduce
from typing import Any

from pydantic import TypeAdapter

from mypage_svc.documents import Keys
from mypage_svc.domain import fold, is_at_rest, is_delivery
from mypage_svc.indexes import board_of, deliveries, open_orders
from mypage_svc.model import Row
from mypage_svc.saga import REACTIONS
from tests.memory.cafe import MemoryCafe
from tests.memory.journeys import Journey

VIEWS = {reaction.hears.TOPIC: reaction.hears for reaction in REACTIONS if not reaction.by_each}
PAGES = Keys("1")
DOCUMENTS = (
    ("order-svc", "order:{}"),
    ("payment-svc", "payment:{}"),
    ("cafe-svc", "cafe-order:{}"),
)


async def assert_at_rest(cafe: MemoryCafe, journey: Journey, order_id: str) -> None:
    """The order has ended as the journey says, and all four services and the gateway agree."""
    assert not cafe.dapr.pending
    assert not cafe.dapr.dead
    assert_events_are_out(cafe, order_id)
    assert_money_agrees(cafe, journey, order_id)
    assert_page_is_the_fold(cafe, order_id)
    ana = cafe.customer()
    order = (await ana.get(f"/orders/{order_id}")).body
    page = (await ana.get(f"/my-pages/{order_id}")).body
    assert order["status"] == journey.status
    assert (page["order_status"], page["delivery_status"]) == journey.shown


def assert_events_are_out(cafe: MemoryCafe, order_id: str) -> None:
    """What journals hold was published and nothing else; versions rise by one (I8, I10)."""
    published = {event["id"]: event for event in cafe.events(order_id)}
    recorded: dict[str, Any] = {}
    for app_id, key in DOCUMENTS:
        document = cafe.document(app_id, key.format(order_id))
        version = 0
        for entry in document["journal"] if document else ():
            versions = [event["data"]["version"] for event in entry["events"]]
            steps = max(1, len(versions))
            assert versions in ([], list(range(version + 1, version + steps + 1)))
            version += steps
            recorded |= {event["id"]: event for event in entry["events"]}
        assert document is None or document["version"] == version
    assert published == recorded


def assert_money_agrees(cafe: MemoryCafe, journey: Journey, order_id: str) -> None:
    """The gateway has charged what it should, and our ledger says the same (I3)."""
    payment = cafe.document("payment-svc", f"payment:{order_id}")["state"]
    theirs = [(m.kind, m.amount, m.id) for m in cafe.gateway_ledger.movements(order_id, 0, 10)]
    ours = [(e["kind"], e["amount"], e["gateway_ref"]) for e in payment["ledger"]]
    assert tuple(cafe.charges(order_id)) == journey.charged
    assert ours == theirs


def assert_page_is_the_fold(cafe: MemoryCafe, order_id: str) -> None:
    """The stored row is the fold of the published events, and all lists fit it (I7)."""
    facts = [
        VIEWS[event["type"]].model_validate(event["data"]).fact() for event in cafe.events(order_id)
    ]
    row = TypeAdapter(Row).validate_python(cafe.document("mypage-svc", PAGES.row(order_id)))
    assert row == reduce(fold, facts, None)
    at_cafe = row.cafe_order.status if row.cafe_order else ""
    busy = at_cafe in {"QUEUED", "ACCEPTED", "MAKING", "READY", "DELIVERING"}
    assert listed(cafe, board_of(row.cafe_id)).count(order_id) == busy
    assert listed(cafe, *deliveries()).count(order_id) == is_delivery(row)
    assert listed(cafe, *open_orders()).count(order_id) == (not is_at_rest(row))
    assert listed(cafe, f"customer:{row.customer_id}").count(order_id) == 1


def listed(cafe: MemoryCafe, *names: str) -> list[str]:
    """Return the ids in all documents of these lists of mypage-svc."""
    begins = tuple(f"{PAGES.generation}:{name}:" for name in names)
    documents = cafe.nodes["mypage-svc"].documents.items()
    found = [document for key, (document, _) in documents if key.startswith(begins)]
    # A shelf has entries, a customer's document has orders.
    return [each["order_id"] for d in found for each in d.get("entries", d.get("orders"))]
