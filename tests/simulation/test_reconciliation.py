"""Our books against the gateway's: each way in which they may disagree is named, and no other."""

from datetime import UTC, datetime, timedelta

import pytest

from tools.reconciliation import GatewayEntry, Order, Payment, Problem, compare

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WAIT = timedelta(minutes=5)
CHARGE = GatewayEntry("o", "charge", 9_000)
REFUND = GatewayEntry("o", "refund", 9_000)


def problems(
    order: str,
    payment: str,
    ours: tuple[int, int],
    *entries: GatewayEntry,
    age: timedelta = WAIT,
) -> list[str]:
    """Compare one order of 9,000 won that has not changed for `age`; "" leaves a part out."""
    changed_at = NOW - age
    found = compare(
        [Order("o", order, 9_000, changed_at)] if order else [],
        [Payment("o", payment, *ours, changed_at)] if payment else [],
        entries,
        NOW,
        WAIT,
    )
    return [finding.problem for finding in found]


@pytest.mark.parametrize(
    ("order", "payment", "ours", "entries"),
    [
        ("PLACED", "", (0, 0), ()),
        ("CANCELLED", "FAILED", (0, 0), ()),
        ("CANCELLED", "VOIDED", (0, 0), ()),
        ("COMPLETED", "PAID", (9_000, 0), (CHARGE,)),
        ("UNCOLLECTED", "PAID", (9_000, 0), (CHARGE,)),
        ("REJECTED", "REFUNDED", (9_000, 9_000), (CHARGE, REFUND)),
    ],
)
def test_books_that_agree_are_no_finding(
    order: str, payment: str, ours: tuple[int, int], entries: tuple[GatewayEntry, ...]
) -> None:
    assert problems(order, payment, ours, *entries) == []


@pytest.mark.parametrize(
    ("order", "payment", "ours", "entries", "expected"),
    [
        ("", "", (0, 0), (CHARGE,), [Problem.CHARGED_WITHOUT_ORDER]),
        ("PLACED", "", (0, 0), (CHARGE,), [Problem.CHARGED_WITHOUT_ORDER]),
        ("COMPLETED", "VOIDED", (0, 0), (), [Problem.PAID_WITHOUT_CHARGE]),
        ("COMPLETED", "REFUNDED", (9_000, 9_000), (CHARGE, REFUND), [Problem.PAID_WITHOUT_CHARGE]),
        ("CANCELLED", "PAID", (9_000, 0), (CHARGE,), [Problem.REFUND_MISSING]),
        ("REJECTED", "REFUNDING", (9_000, 0), (CHARGE,), [Problem.REFUND_MISSING]),
        ("PAID", "PAID", (8_000, 0), (CHARGE,), [Problem.AMOUNTS_DIFFER]),
        ("PAID", "PAID", (9_000, 0), (CHARGE, CHARGE), [Problem.AMOUNTS_DIFFER]),
        ("REJECTED", "REFUNDED", (9_000, 0), (CHARGE, REFUND), [Problem.AMOUNTS_DIFFER]),
        (
            "PAID",
            "PAID",
            (9_000, 0),
            (),
            [Problem.PAID_WITHOUT_CHARGE, Problem.AMOUNTS_DIFFER],
        ),
        (
            "CANCELLED",
            "PENDING",
            (0, 0),
            (CHARGE,),
            [Problem.REFUND_MISSING, Problem.AMOUNTS_DIFFER],
        ),
    ],
)
def test_books_that_disagree_are_found(
    order: str,
    payment: str,
    ours: tuple[int, int],
    entries: tuple[GatewayEntry, ...],
    expected: list[Problem],
) -> None:
    assert problems(order, payment, ours, *entries) == expected


@pytest.mark.parametrize("payment", ["PENDING", "REFUNDING"])
def test_what_a_step_under_way_explains_is_found_only_after_a_while(payment: str) -> None:
    ours = (0, 0) if payment == "PENDING" else (9_000, 0)

    young = problems("CANCELLED", payment, ours, CHARGE, age=WAIT - timedelta(seconds=1))
    old = problems("CANCELLED", payment, ours, CHARGE)

    assert young == []
    assert Problem.REFUND_MISSING in old
