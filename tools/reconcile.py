"""`make reconcile`: compare our books with the payment gateway's on the running stack.

python -m tools.reconcile [--refund-older-than MINUTES] [--run-dir .run]

Looked at is every order the gateway has charged and every order that was ever said to be paid.
Ends with 0 if all agree, 1 and a table if some do not, 2 if they could not be compared.
"""

import argparse
import sys
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tools import broker
from tools.client import Json, RunningStack
from tools.findings import Finding, outlasting, tell
from tools.launch import ROOT
from tools.reconciliation import GatewayEntry, Order, Payment, compare
from tools.run_folder import RunFolder
from tools.terminal import StackError

PAGE = 500
SETTLE_S = 3.0
"""What two services say of one order may differ for a moment; a finding must outlast this."""


class Books:
    """Both sides of a running stack."""

    def __init__(self, stack: RunningStack, refund_older_than: timedelta) -> None:
        self._stack = stack
        self._refund_older_than = refund_older_than
        self._operator = stack.operator("reconcile")

    def references(self) -> set[str]:
        """Return the orders that the gateway or our own events say were paid."""
        return {entry.reference for entry in self._entries()} | self._said_paid()

    def findings(self, order_ids: Collection[str]) -> list[Finding]:
        """Compare what both sides say of these orders now."""
        orders = [self._read("order-svc", f"/orders/{order_id}") for order_id in order_ids]
        payments = [self._read("payment-svc", f"/payments/{order_id}") for order_id in order_ids]
        return compare(
            [order_of(order) for order in orders if order],
            [payment_of(payment) for payment in payments if payment],
            [entry for entry in self._entries() if entry.reference in order_ids],
            datetime.now(UTC),
            self._refund_older_than,
        )

    def _read(self, service: str, path: str) -> Json | None:
        return self._stack.find(service, path, self._operator)

    def _entries(self) -> list[GatewayEntry]:
        entries: list[GatewayEntry] = []
        after: int | None = 0
        while after is not None:
            page = self._stack.ask_gateway(f"/v1/ledger?after={after}&limit={PAGE}")
            entries += [
                GatewayEntry(entry["reference"], entry["kind"], entry["amount"])
                for entry in page["entries"]
            ]
            after = page["next"]
        return entries

    def _said_paid(self) -> set[str]:
        """Read the broker's own memory: an order whose charge is gone is nowhere else to be had."""
        with broker.connect(self._stack.valkey_port) as known:
            return {event["subject"] for event in known.said(["cafe.Paid.v1"])}


def order_of(body: Json) -> Order:
    """Translate what order-svc answers; of its steps it tells these two times."""
    return Order(
        body["order_id"],
        body["status"],
        body["total"]["amount"],
        changed_at=_newest(body["placed_at"], body["paid_at"]),
    )


def payment_of(body: Json) -> Payment:
    """Translate what payment-svc answers."""
    ledger = body["ledger"]
    sums = {
        kind: sum(entry["amount"] for entry in ledger if entry["kind"] == kind)
        for kind in ("charge", "refund")
    }
    return Payment(
        body["order_id"],
        body["status"],
        charged=sums["charge"],
        refunded=sums["refund"],
        changed_at=_newest(body["refunding_since"], *(entry["at"] for entry in ledger)),
    )


def _newest(*times: str | None) -> datetime:
    known = [datetime.fromisoformat(time) for time in times if time]
    return max(known, default=datetime.min.replace(tzinfo=UTC))


def reconcile(books: Books) -> tuple[int, list[Finding]]:
    """Return how many orders were compared, and what disagrees for longer than a moment."""
    order_ids = books.references()
    return len(order_ids), outlasting(books.findings, order_ids, SETTLE_S)


def main() -> int:
    """Parse the command line, compare, print what disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--refund-older-than",
        type=float,
        default=15,
        metavar="MINUTES",
        help="how long a refund may be under way (default 15)",
    )
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    arguments = parser.parse_args()
    older_than = timedelta(minutes=arguments.refund_older_than)
    try:
        books = Books(RunningStack(RunFolder(arguments.run_dir)), older_than)
        number, findings = reconcile(books)
    except StackError as error:
        print(error, file=sys.stderr)
        return 2
    fine = f"Our books and the payment gateway's agree on all {number} orders."
    return tell(findings, "charged - refunded, in minor units", fine)


if __name__ == "__main__":
    sys.exit(main())
