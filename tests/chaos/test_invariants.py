"""A checker that finds nothing is worth nothing: each invariant is broken once, on purpose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chaos.invariants import Evidence, order_id_of, secrets_in, violations
from tests.chaos.oracle import Oracle, Said
from tests.chaos.records import Said as Streams
from tests.memory.cafe import MemoryCafe
from tests.memory.journeys import CANCELLED, PICKUP, Journey, play
from tools.reconciliation import GatewayEntry

KEY = "1"
ID = order_id_of("ana", KEY)
Harm = Callable[[Evidence], object]
HARMS: Final[list[tuple[str, Harm]]] = [
    ("I1", lambda seen: seen.orders.clear()),
    ("I1", lambda seen: forget(seen, "cafe.OrderPickedUp.v1")),
    ("I3", lambda seen: seen.money.append(GatewayEntry(ID, "charge", 10_000))),
    ("I3", lambda seen: seen.money.insert(0, GatewayEntry(ID, "refund", 20_000))),
    ("I4", lambda seen: seen.orders[ID]["state"].update(status="CANCELLED")),
    ("I5", lambda seen: seen.money.clear()),
    ("I6", lambda seen: seen.money.append(GatewayEntry(ID, "refund", 10_000))),
    ("I7", lambda seen: seen.rows.clear()),
    ("I7", lambda seen: seen.rows[ID]["timeline"].pop()),
    ("I8", lambda seen: forget(seen, "cafe.Paid.v1")),
    ("I8", lambda seen: seen.cafe_orders[ID]["journal"].pop()),
    ("I8", lambda seen: seen.streams.changed.extend(seen.streams.by_order[ID])),
    ("I9", lambda seen: seen.oracle.said.append(said("place", 201, "another"))),
    ("I9", lambda seen: seen.oracle.said.clear()),
    ("I10", lambda seen: seen.payments[ID].update(version=7)),
    ("I10", lambda seen: seen.cafe_orders[ID]["journal"].pop(1)),
]


@pytest.mark.parametrize("journey", [PICKUP, CANCELLED], ids=["pickup", "cancelled"])
async def test_an_order_that_went_well_has_no_violation(tmp_path: Path, journey: Journey) -> None:
    seen = await evidence(tmp_path, journey)

    assert list(violations(seen)) == []


@pytest.mark.parametrize(("invariant", "harm"), HARMS)
async def test_a_broken_invariant_is_told(tmp_path: Path, invariant: str, harm: Harm) -> None:
    seen = await evidence(tmp_path, PICKUP)

    harm(seen)

    found = [violation for violation in violations(seen) if violation.invariant == invariant]
    assert found
    assert all(ID in str(violation) or KEY in str(violation) for violation in found)


@pytest.mark.parametrize("secret", ["tok_ok", "Bearer x", "eyJhbGciOi", "a-token"])
def test_a_secret_in_a_log_is_told_with_its_place(tmp_path: Path, secret: str) -> None:
    (tmp_path / "order-svc.log").write_text(f"fine\nsent {secret}\n")

    found = list(secrets_in(tmp_path, "a-token"))

    assert [str(violation).partition(" holds")[0] for violation in found] == [
        "I11: order-svc.log:2"
    ]


def said(what: str, status: int, told: str) -> Said:
    return Said(0.0, 0.0, what, "ana", KEY, ID, status, told)


def forget(seen: Evidence, topic: str) -> None:
    """Take an event away from the streams."""
    events = seen.streams.by_order[ID]
    for id_ in [id_ for id_, event in events.items() if event["type"] == topic]:
        del events[id_]


async def evidence(folder: Path, journey: Journey) -> Evidence:
    """Play one order in memory, and return what a run on real processes would collect."""
    oracle, streams = Oracle(folder / "oracle.jsonl"), Streams()
    async with MemoryCafe() as cafe:
        await play(cafe, journey, KEY)
        await cafe.settle()
        oracle.note(said("place", 201, "the answer"))
        for step in journey.commands:
            oracle.note(said(step, 200, ""))
        for event in cafe.events(ID):
            streams.add(event)

        def stored(app_id: str, prefix: str) -> dict[str, Any]:
            return {ID: cafe.document(app_id, f"{prefix}:{ID}")}

        oracle.close()
        return Evidence(
            oracle=oracle,
            orders=stored("order-svc", "order"),
            payments=stored("payment-svc", "payment"),
            cafe_orders=stored("cafe-svc", "cafe-order"),
            rows=stored("mypage-svc", "1:page"),
            streams=streams,
            money=[
                GatewayEntry(ID, move.kind, move.amount)
                for move in cafe.gateway_ledger.movements(ID, 0, 10)
            ],
        )
