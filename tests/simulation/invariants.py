"""What must hold of every history: I1 - I11, after every step or at rest.

I1 every acknowledged order exists. I2 every order comes to one end, in time. I3* at most one charge
and one refund, 0 <= refunded <= charged <= total. I4 at rest what was charged was served, was not
fetched, or was given back. I5* nothing is made without payment. I6* nothing is both refunded and
handed over. I7 the page is the fold of the events. I8 at rest no event is unpublished and none is
a dead letter. I9 the same request has the same answer and places one order. I10* versions rise by
one. I11 no secret in a log line (`complaints`). A star: after every step.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from tests.memory.cafe import MemoryCafe
from tests.memory.checks import assert_events_are_out, assert_page_is_the_fold
from tests.simulation.world import World
from tools.reconciliation import GatewayEntry, Order, Payment, compare

TERMINAL: Final = frozenset({"COMPLETED", "CANCELLED", "REJECTED", "UNCOLLECTED"})
"""How an order ends."""

HANDED_OVER: Final = frozenset({"PICKED_UP", "DELIVERED"})
CAFE_ENDS: Final = HANDED_OVER | {"REJECTED", "CANCELLED", "UNCOLLECTED"}
MADE: Final = HANDED_OVER | {"MAKING", "READY", "DELIVERING", "UNCOLLECTED"}
PAYMENT_ENDS: Final = frozenset({"FAILED", "REFUNDED"})
AT_REST: Final = PAYMENT_ENDS | {"PAID", "VOIDED"}
STORES: Final = (
    ("order-svc", "order:", TERMINAL, TERMINAL),
    ("payment-svc", "payment:", PAYMENT_ENDS, AT_REST),
    ("cafe-svc", "cafe-order:", CAFE_ENDS, CAFE_ENDS),
)
"""Service, prefix of its keys, the statuses nothing leaves, and those that may be at rest."""

SHOWN: Final = {
    "COMPLETED": "Completed",
    "CANCELLED": "Cancelled",
    "REJECTED": "Rejected",
    "UNCOLLECTED": "Uncollected",
}
Key = tuple[str, str]


class Invariants:
    """Remembers what it has seen: only documents that changed are looked at again."""

    def __init__(self) -> None:
        self._etags: dict[Key, str] = {}
        self._versions: dict[Key, tuple[int, int]] = {}
        self._ended: dict[Key, str] = {}

    def after_a_step(self, world: World) -> None:
        """I3, I5, I6, I10, what has ended stays so, and no complaint of a service."""
        assert not world.complaints, world.complaints
        touched: set[str] = set()
        for app_id, prefix, ends, _ in STORES:
            for key, (document, etag) in world.cafe.nodes[app_id].documents.items():
                if key.startswith(prefix) and self._etags.get((app_id, key)) != etag:
                    self._etags[app_id, key] = etag
                    self._assert_versions_rise((app_id, key), document)
                    self._assert_the_end_stays((app_id, key), document["state"]["status"], ends)
                    world.tally.checks.update(("I2", "I10"))
                    touched.add(key.removeprefix(prefix))
        for order_id in sorted(touched):
            _assert_money_is_sound(world.cafe, order_id)
            world.tally.checks.update(("I3", "I5", "I6"))

    async def at_rest(self, world: World) -> None:
        """All ten, of all orders; nothing is half-way and nothing is left to be done."""
        self.after_a_step(world)
        _assert_nothing_is_left(world)
        _assert_acknowledged_orders_exist(world)
        for order_id in world.orders():
            assert_events_are_out(world.cafe, order_id)
            assert_page_is_the_fold(world.cafe, order_id)
            world.tally.checks.update(("I7", "I8", "I10"))
        findings = compare(*books(world.cafe), world.cafe.clock.now, timedelta(0))
        assert not findings, findings
        world.tally.checks["I4"] += len(world.orders())
        await _assert_replays(world)
        await _assert_pages_tell_the_end(world)
        assert not world.complaints, world.complaints
        world.tally.checks["I11"] += world.complaints.lines
        world.complaints.lines = 0

    def _assert_versions_rise(self, key: Key, document: Any) -> None:
        """Each journal entry is one step or as many as it has events, none is left out (I10)."""
        entries = document["journal"]
        seen, version = self._versions.get(key, (0, 0))
        for entry in entries[seen:]:
            numbers = [event["data"]["version"] for event in entry["events"]]
            steps = max(1, len(numbers))
            rising = list(range(version + 1, version + steps + 1))
            assert numbers in ([], rising), ("I10", key, document)
            version += steps
        assert document["version"] == version, ("I10", key, document)
        self._versions[key] = (len(entries), version)

    def _assert_the_end_stays(self, key: Key, status: str, ends: frozenset[str]) -> None:
        """Nothing ends twice (I2)."""
        assert self._ended.get(key, status) == status, ("I2", key, self._ended[key], status)
        if status in ends:
            self._ended[key] = status


def books(cafe: MemoryCafe) -> tuple[list[Order], list[Payment], list[GatewayEntry]]:
    """Return the orders, the payments and the gateway's ledger for reconciliation."""
    now = cafe.clock.now
    orders = [
        Order(state["order_id"], state["status"], state["total"]["amount"], now)
        for state in _states(cafe, "order-svc", "order:")
    ]
    payments = [
        Payment(
            state["order_id"],
            state["status"],
            _sum(state["ledger"], "charge"),
            _sum(state["ledger"], "refund"),
            now,
        )
        for state in _states(cafe, "payment-svc", "payment:")
    ]
    known = {order.order_id for order in orders} | {payment.order_id for payment in payments}
    entries = [
        GatewayEntry(move.reference, move.kind, move.amount)
        for order_id in sorted(known)
        for move in cafe.gateway_ledger.movements(order_id, 0, 100)
    ]
    return orders, payments, entries


def _assert_nothing_is_left(world: World) -> None:
    """I2, I8: every aggregate is in a status it may keep; no message, letter or job waits."""
    dapr = world.cafe.dapr
    assert not dapr.pending, ("I8", dapr.pending)
    assert not dapr.dead, ("I8", dapr.dead)
    for app_id, prefix, _, kept in STORES:
        for state in _states(world.cafe, app_id, prefix):
            assert state["status"] in kept, ("I2", app_id, state)
            world.tally.checks["I2"] += 1
    left = {name: job for jobs in dapr.jobs.by_app.values() for name, job in jobs.items()}
    assert not left, ("I8", left)


def _assert_acknowledged_orders_exist(world: World) -> None:
    """I1; and no order without a request (I9)."""
    orders = world.orders()
    granted = {wish.granted["order_id"] for wish in world.wishes if wish.granted}
    assert granted <= set(orders), ("I1", granted, orders)
    assert len(orders) <= len(world.wishes), ("I9", orders, world.wishes)
    world.tally.checks["I1"] += len(granted)


async def _assert_replays(world: World) -> None:
    """Every acknowledged request gets the same answer again, and places nothing (I9)."""
    before = world.orders()
    for wish in world.wishes:
        if wish.granted is not None:
            answer = await world.ask_again(wish)
            assert answer.status == 201, ("I9", answer)
            assert answer.headers.get("idempotent-replayed") == "true", ("I9", answer)
            world.tally.checks["I9"] += 1
    assert world.orders() == before, "I9"


async def _assert_pages_tell_the_end(world: World) -> None:
    """What the customer reads is how the order has ended, and where the money is (I7)."""
    for order_id in world.orders():
        state = world.state("order-svc", f"order:{order_id}")
        answer = await world.cafe.customer(state["customer_id"]).get(f"/my-pages/{order_id}")
        refunded = world.state("payment-svc", f"payment:{order_id}")["status"] == "REFUNDED"
        told = (answer.body["order_status"], answer.body["refund_status"])
        shown = (SHOWN[state["status"]], "Refunded" if refunded else "None")
        assert told == shown, ("I7", answer)


def _states(cafe: MemoryCafe, app_id: str, prefix: str) -> list[Any]:
    documents = cafe.nodes[app_id].documents
    return [value["state"] for key, (value, _) in documents.items() if key.startswith(prefix)]


def _sum(entries: Iterable[Any], kind: str) -> int:
    return sum(entry["amount"] for entry in entries if entry["kind"] == kind)


def _assert_money_is_sound(cafe: MemoryCafe, order_id: str) -> None:
    """I3 on both ledgers, I5, I6. The gateway's ledger is the truth."""
    moves = cafe.gateway_ledger.movements(order_id, 0, 100)
    charges = [move.amount for move in moves if move.kind == "charge"]
    refunds = [move.amount for move in moves if move.kind == "refund"]
    order = cafe.document("order-svc", f"order:{order_id}")
    assert order, ("I1: paid for or made, and never placed", order_id)
    total = order["state"]["total"]["amount"]
    assert max(len(charges), len(refunds)) <= 1, ("I3", moves)
    assert 0 <= sum(refunds) <= sum(charges) <= total, ("I3", moves)
    payment = cafe.document("payment-svc", f"payment:{order_id}")
    entries: list[Any] = payment["state"]["ledger"] if payment else []
    ours = (_sum(entries, "charge"), _sum(entries, "refund"))
    assert len({entry["kind"] for entry in entries}) == len(entries), ("I3", entries)
    assert 0 <= ours[1] <= ours[0] <= total, ("I3", entries)
    assert ours[0] <= sum(charges), ("I3", entries, moves)
    assert ours[1] <= sum(refunds), ("I3", entries, moves)
    found = cafe.document("cafe-svc", f"cafe-order:{order_id}")
    status = found["state"]["status"] if found else ""
    assert status not in MADE or (ours[0] and charges), ("I5", status, entries, moves)
    assert status not in HANDED_OVER or not refunds, ("I6", status, moves)
