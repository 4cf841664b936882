"""What holds for every order that has ended, whichever way: the money is right."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from tests.e2e.cafe import Person
from tools.reconcile import order_of, payment_of
from tools.reconciliation import GatewayEntry, compare

Entry = tuple[Literal["charge", "refund"], int]


async def closed(ana: Person, order_id: str, order: str, *payment: str) -> list[Entry]:
    """Wait until the order has ended so, and the payment in one of these ways; return the ledger.

    Ours and the payment gateway's are the same and hold at most one charge and one refund. What
    was charged is kept for drinks that were made and given back for all others.
    """
    ended = await ana.order_once(order_id, order)
    money = await ana.payment_once(order_id, *payment)
    ledger: list[Entry] = [(entry["kind"], entry["amount"]) for entry in money["ledger"]]
    theirs = await ana.cafe.ledger(order_id)

    assert ledger == theirs
    assert [kind for kind, _ in ledger] in ([], ["charge"], ["charge", "refund"])
    entries = [GatewayEntry(order_id, kind, amount) for kind, amount in ledger]
    at_rest = timedelta(0)
    now = datetime.now(UTC)
    assert compare([order_of(ended)], [payment_of(money)], entries, now, at_rest) == []
    return ledger
