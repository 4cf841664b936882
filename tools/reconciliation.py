"""Our books against the payment gateway's: a pure comparison, shared by tests and tools.

Of one order there are the order, its payment with our ledger, and what the gateway has moved.
While a payment is under way they may differ for a moment; what is at odds for longer than
`refund_older_than` is found::

    compare(orders, payments, entries, now, timedelta(minutes=5)) == []
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from tools.findings import Finding

OFF: Final = frozenset({"CANCELLED", "REJECTED"})
"""States of an order that brings no drinks: whatever was charged goes back."""

SERVED: Final = frozenset({"ACCEPTED", "COMPLETED", "UNCOLLECTED"})
"""States of an order that a cafe works or has worked on: it is paid, and stays so."""

UNDER_WAY: Final = frozenset({"PENDING", "REFUNDING"})
"""States of a payment that waits for an answer of the gateway."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order; `total` in minor units, `changed_at` the time of its last known step."""

    order_id: str
    status: str
    total: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment; `charged` and `refunded` are the sums of our own ledger, in minor units."""

    order_id: str
    status: str
    charged: int
    refunded: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class GatewayEntry:
    """One movement of money as the gateway tells it; `reference` is the order's id."""

    reference: str
    kind: Literal["charge", "refund"]
    amount: int


class Problem(StrEnum):
    """What can be wrong with the money of one order."""

    CHARGED_WITHOUT_ORDER = "charged without order"
    PAID_WITHOUT_CHARGE = "paid without charge"
    REFUND_MISSING = "refund missing"
    AMOUNTS_DIFFER = "amounts differ"


@dataclass(frozen=True, slots=True)
class _Books:
    """All that is known of one order; `theirs` and `ours` are (charged, refunded)."""

    order_id: str
    order: Order | None
    payment: Payment | None
    theirs: tuple[int, int]

    @property
    def ours(self) -> tuple[int, int]:
        return (self.payment.charged, self.payment.refunded) if self.payment else (0, 0)

    @property
    def total(self) -> int:
        return self.order.total if self.order else 0

    def quiet(self, now: datetime, wait: timedelta) -> bool:
        """Whether neither side has changed for at least `wait`."""
        known = [part.changed_at for part in (self.order, self.payment) if part is not None]
        return all(now - changed_at >= wait for changed_at in known)


def compare(
    orders: Iterable[Order],
    payments: Iterable[Payment],
    gateway_entries: Iterable[GatewayEntry],
    now: datetime,
    refund_older_than: timedelta,
) -> list[Finding]:
    """Return what disagrees, by order id; nothing means that every won is accounted for.

    Findings that a step under way would explain (a refund, an answer that is awaited) count only
    once order and payment have not changed for `refund_older_than`; zero means: at rest.
    """
    by_order = {order.order_id: order for order in orders}
    by_payment = {payment.order_id: payment for payment in payments}
    moved: dict[str, dict[str, int]] = {}
    for entry in gateway_entries:
        sums = moved.setdefault(entry.reference, {"charge": 0, "refund": 0})
        sums[entry.kind] += entry.amount
    found: list[Finding] = []
    for order_id in sorted(by_order.keys() | by_payment.keys() | moved.keys()):
        sums = moved.get(order_id, {"charge": 0, "refund": 0})
        books = _Books(
            order_id,
            by_order.get(order_id),
            by_payment.get(order_id),
            theirs=(sums["charge"], sums["refund"]),
        )
        found.extend(_judge(books, at_rest=books.quiet(now, refund_older_than)))
    return found


def _judge(books: _Books, *, at_rest: bool) -> list[Finding]:
    charged, refunded = books.theirs
    order_status = books.order.status if books.order else ""
    payment_status = books.payment.status if books.payment else ""
    told = f"gateway {charged} - {refunded}, ours {books.ours[0]} - {books.ours[1]}"
    told += f", order {order_status or 'none'} {books.total}, payment {payment_status or 'none'}"
    if charged and (books.order is None or books.payment is None):
        return [Finding(books.order_id, Problem.CHARGED_WITHOUT_ORDER, told)]
    kept = charged - refunded
    problems: list[Problem] = []
    if kept == 0 and (payment_status == "PAID" or (order_status in SERVED and at_rest)):
        problems.append(Problem.PAID_WITHOUT_CHARGE)
    if kept > 0 and at_rest and (order_status in OFF or payment_status == "REFUNDING"):
        problems.append(Problem.REFUND_MISSING)
    if _amounts_differ(books) and (at_rest or payment_status not in UNDER_WAY):
        problems.append(Problem.AMOUNTS_DIFFER)
    return [Finding(books.order_id, problem, told) for problem in problems]


def _amounts_differ(books: _Books) -> bool:
    charged, refunded = books.theirs
    return books.ours != books.theirs or charged not in (0, books.total) or refunded > charged
