"""I1 - I12 at rest: what was acknowledged, stored, said, shown and paid must fit together.

I1 every acknowledged order exists, and every acknowledged step was told. I2 every order came to one
end. I3 per order at most one charge and one refund, 0 <= refunded <= charged <= total. I4 what was
charged was served or given back, and both books agree. I5 nothing is made without payment. I6
nothing is both refunded and handed over. I7 the page is the fold of the events. I8 no event waits,
is unpublished, or was said and never decided, and no dead letter is left. I9 the same request has
the same answer and places one order. I10 versions rise by one. I11 no secret in a log. I12 orders
are taken while others are away (run.py). A violation is a sentence with the order's id.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from mypage_svc.domain import fold
from mypage_svc.model import Row
from tests.chaos.oracle import CREATED, Oracle
from tests.chaos.people import Json
from tests.chaos.records import Documents
from tests.chaos.records import Said as Streams
from tests.memory.checks import VIEWS
from tools.reconcile import payment_of
from tools.reconciliation import GatewayEntry, Order, compare

NUMBERS: Final = tuple(f"I{number}" for number in range(1, 13))
MADE: Final = frozenset({"MAKING", "READY", "DELIVERING", "PICKED_UP", "DELIVERED", "UNCOLLECTED"})
HANDED_OVER: Final = frozenset({"PICKED_UP", "DELIVERED"})
TELLS: Final = {
    "cancel": "cafe.OrderCancelRequested.v1",
    "accept": "cafe.OrderAccepted.v1",
    "reject": "cafe.OrderRejected.v1",
    "start": "cafe.MakeStarted.v1",
    "finish": "cafe.MakeCompleted.v1",
    "hand-over": "cafe.OrderPickedUp.v1",
    "start-delivery": "cafe.DeliveryStarted.v1",
    "confirm-delivery": "cafe.DeliveryConfirmed.v1",
}
"""What an acknowledged step must have said."""

SECRETS: Final = ("tok_", "Bearer ", "eyJ")
"""How payment methods, headers and signed tokens begin."""

_ORDERS: Final = uuid.uuid5(uuid.NAMESPACE_URL, "cafe.example/orders")
Move = tuple[str, int]
_ROW: Final = TypeAdapter(Row)


@dataclass(frozen=True, slots=True)
class Violation:
    """Which invariant, and one sentence."""

    invariant: str
    told: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.told}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known at rest; documents by order id, payments and orders as stored."""

    oracle: Oracle
    orders: Documents
    payments: Documents
    cafe_orders: Documents
    rows: Documents
    streams: Streams
    money: list[GatewayEntry]

    def aggregates(self, order_id: str) -> Iterator[tuple[str, Json]]:
        """Return the write models of one order that exist."""
        named = {"order": self.orders, "payment": self.payments, "cafe order": self.cafe_orders}
        for name, documents in named.items():
            if order_id in documents:
                yield name, documents[order_id]


def order_id_of(customer: str, key: str) -> str:
    """Return the id that a request's order has (docs/adr/0010), be it answered or not."""
    return str(uuid.uuid5(_ORDERS, f"{customer}\n{key}"))


def violations(seen: Evidence) -> Iterator[Violation]:
    """Check I1, I3 - I7, I9 and I10, and of I8 what documents and streams can tell."""
    yield from _acknowledged(seen)
    yield from _same_answers(seen)
    yield from _books(seen)
    for order_id in seen.orders.keys() | seen.payments.keys() | seen.cafe_orders.keys():
        yield from _money(seen, order_id)
        yield from _journals(seen, order_id)
        yield from _page(seen, order_id)


def secrets_in(logs: Path, *tokens: str) -> Iterator[Violation]:
    """Look for these tokens, and other secrets, in everything any process has printed (I11)."""
    for log in sorted(logs.glob("*.log")):
        with log.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                for secret in (*SECRETS, *tokens):
                    if secret in line:
                        yield Violation("I11", f"{log.name}:{number} holds {secret!r}")


def _acknowledged(seen: Evidence) -> Iterator[Violation]:
    for order_id in sorted(seen.oracle.acknowledged() - seen.orders.keys()):
        yield Violation("I1", f"{order_id} was acknowledged with 201 and does not exist")
    for said in seen.oracle.said:
        if said.what in TELLS and said.ok:
            events = seen.streams.by_order.get(said.order_id, {}).values()
            if TELLS[said.what] not in {event["type"] for event in events}:
                told = f"{said.what} of {said.order_id} was answered {said.status}, and no event"
                yield Violation("I1", f"{told} {TELLS[said.what]} was said")


def _same_answers(seen: Evidence) -> Iterator[Violation]:
    answers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for said in seen.oracle.places():
        if said.status == CREATED:
            answers[said.who, said.key].add(said.told)
            if said.order_id != order_id_of(said.who, said.key):
                yield Violation("I9", f"{said.order_id} does not follow from its key {said.key}")
    for (_, key), told in answers.items():
        if len(told) > 1:
            yield Violation("I9", f"key {key} was answered in {len(told)} ways: {sorted(told)}")
    asked = {order_id_of(said.who, said.key) for said in seen.oracle.places()}
    for order_id in sorted(seen.orders.keys() - asked):
        yield Violation("I9", f"{order_id} exists and nobody has asked for it")


def _books(seen: Evidence) -> Iterator[Violation]:
    """Compare with the gateway's books (tools/reconciliation.py)."""
    now = datetime.now(UTC)
    orders = [
        Order(order_id, order["state"]["status"], order["state"]["total"]["amount"], now)
        for order_id, order in seen.orders.items()
    ]
    payments = [payment_of(payment["state"]) for payment in seen.payments.values()]
    for finding in compare(orders, payments, seen.money, now, timedelta(0)):
        yield Violation("I4", f"{finding.order_id}: {finding.problem}: {finding.detail}")


def _money(seen: Evidence, order_id: str) -> Iterator[Violation]:
    order, payment = seen.orders.get(order_id), seen.payments.get(order_id)
    if order is None:
        yield Violation("I1", f"{order_id} has a payment or is at the cafe, and was never placed")
        return
    total = order["state"]["total"]["amount"]
    ledger: list[Json] = payment["state"]["ledger"] if payment else []
    ours: list[Move] = [(entry["kind"], entry["amount"]) for entry in ledger]
    theirs: list[Move] = [(m.kind, m.amount) for m in seen.money if m.reference == order_id]
    for whose, entries in (("ours", ours), ("theirs", theirs)):
        kinds = [kind for kind, _ in entries]
        amounts = dict(entries)
        charged, refunded = amounts.get("charge", 0), amounts.get("refund", 0)
        if len(set(kinds)) < len(kinds) or not 0 <= refunded <= charged <= total:
            yield Violation("I3", f"{order_id}: total {total}, ledger ({whose}) {entries}")
    cafe_order = seen.cafe_orders.get(order_id)
    at_cafe = cafe_order["state"]["status"] if cafe_order else "-"
    if at_cafe in MADE and ("charge" not in dict(theirs) or not _said(seen, order_id, "Paid")):
        yield Violation("I5", f"{order_id} is {at_cafe} at the cafe; the gateway has {theirs}")
    if at_cafe in HANDED_OVER and "refund" in dict(theirs):
        yield Violation("I6", f"{order_id} is {at_cafe} and refunded: {theirs}")


def _said(seen: Evidence, order_id: str, event: str) -> bool:
    events = seen.streams.by_order.get(order_id, {}).values()
    return any(said["type"] == f"cafe.{event}.v1" for said in events)


def _journals(seen: Evidence, order_id: str) -> Iterator[Violation]:
    """What journals hold was said, and nothing else was (I8); versions are right (I10)."""
    recorded: dict[str, Json] = {}
    for name, document in seen.aggregates(order_id):
        yield from _versions(f"{order_id}: the {name}", document)
        for entry in document["journal"]:
            recorded |= {event["id"]: event for event in entry["events"]}
    said = seen.streams.by_order.get(order_id, {})
    for id_ in recorded.keys() - said.keys():
        yield Violation("I8", f"{order_id}: {recorded[id_]['type']} {id_} is not published")
    for id_ in said.keys() - recorded.keys():
        yield Violation("I8", f"{order_id}: {said[id_]['type']} {id_} was said, nobody knows it")
    for id_ in said.keys() & recorded.keys():
        if id_ in seen.streams.changed or said[id_]["data"] != recorded[id_]["data"]:
            yield Violation("I8", f"{order_id}: {said[id_]['type']} {id_} was said in two ways")


def _versions(name: str, document: Json) -> Iterator[Violation]:
    """Each entry is one step, or as many as it has events; none is left out."""
    version = 0
    for entry in document["journal"]:
        numbers = [event["data"]["version"] for event in entry["events"]]
        steps = max(1, len(numbers))
        if numbers not in ([], list(range(version + 1, version + steps + 1))):
            yield Violation("I10", f"{name} says {numbers} after {version}")
        version += steps
    if version != document["version"]:
        yield Violation("I10", f"{name} has version {document['version']} after {version} steps")


def _page(seen: Evidence, order_id: str) -> Iterator[Violation]:
    events = seen.streams.by_order.get(order_id, {}).values()
    facts = [VIEWS[event["type"]].model_validate(event["data"]).fact() for event in events]
    folded = reduce(fold, facts, None)
    stored = _ROW.validate_python(seen.rows[order_id]) if order_id in seen.rows else None
    if stored != folded:
        told = ", ".join(_difference(stored, folded))
        yield Violation("I7", f"{order_id}: the page is not the fold of its events: {told}")


def _difference(stored: Row | None, folded: Row | None) -> Iterator[str]:
    if stored is None or folded is None:
        yield "there is no page" if stored is None else "there are no events"
        return
    for field in folded.__dataclass_fields__:
        ours: Any = getattr(stored, field)
        theirs: Any = getattr(folded, field)
        if ours != theirs:
            yield f"{field} is {ours!r}, should be {theirs!r}"
