"""`make reconcile` is silent while our books and the payment gateway's agree, and names who not."""

import re
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.books import closed
from tests.e2e.cafe import Cafe
from tests.e2e.test_commands import run
from tools.stack import Stack

pytestmark = pytest.mark.e2e


async def test_books_that_agree_are_reported_in_one_sentence(cafe: Cafe, stack: Stack) -> None:
    ana = cafe.customer()
    await ana.page_once(await ana.ordered(), "Paid", last_event="OrderQueued")
    cancelled = await ana.ordered()
    await ana.page_once(cancelled, "Paid", last_event="OrderQueued")
    await ana.cancel(cancelled)
    await ana.page_once(cancelled, "Cancelled", refund="Refunded")

    done = reconcile(stack)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Our books and the payment gateway's agree on all ")


async def test_what_the_gateway_has_and_we_have_not_is_found_and_the_other_way_round(
    cafe: Cafe, stack: Stack
) -> None:
    ana, nobodys = cafe.customer(), f"nobody-{uuid.uuid4()}"
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")

    with forged(stack, order_id, nobodys):
        done = reconcile(stack)

    assert (done.returncode, done.stderr) == (1, "")
    assert problems(done) == {
        (nobodys, "charged without order"),
        (order_id, "paid without charge"),
        (order_id, "amounts differ"),
    }


async def test_a_refund_is_found_that_is_under_way_for_too_long(cafe: Cafe, stack: Stack) -> None:
    ana, olga = cafe.customer(), cafe.as_("olga", "operator")
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    await cafe.gateway("down")
    await ana.cancel(order_id)
    await ana.payment_once(order_id, "REFUNDING")

    patient, strict = reconcile(stack), reconcile(stack, "--refund-older-than", "0")

    assert (patient.returncode, strict.returncode) == (0, 1)
    # Refunds of other stories may be under way on the same stack.
    assert (order_id, "refund missing") in problems(strict)
    retried = await olga.post("payment-svc", f"/payments/{order_id}/retry-refund")
    assert (retried.status_code, retried.json()["status"]) == (200, "REFUNDING")
    await cafe.gateway("normal")
    await closed(ana, order_id, "CANCELLED", "REFUNDED")
    assert reconcile(stack).returncode == 0


def test_without_a_stack_nothing_is_compared_and_nothing_is_claimed(tmp_path: Path) -> None:
    done = run(
        sys.executable, "-m", "tools.reconcile", "--run-dir", str(tmp_path), run_dir=tmp_path
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "No stack is running here; start one with `make up`.\n"


def reconcile(stack: Stack, *options: str) -> subprocess.CompletedProcess[str]:
    folder = stack.folder.path
    command = (sys.executable, "-m", "tools.reconcile", "--run-dir", str(folder))
    return run(*command, *options, run_dir=folder)


def problems(done: subprocess.CompletedProcess[str]) -> set[tuple[str, ...]]:
    """Return (order, problem) of every row of the table."""
    heading, *rows = done.stdout.splitlines()
    assert heading.split()[:2] == ["order", "problem"]
    return {tuple(re.split(" {2,}", row)[:2]) for row in rows}


@contextmanager
def forged(stack: Stack, charged: str, never_ordered: str) -> Generator[None]:
    """Move a charge, in the gateway's own books, to an order that nobody placed."""
    file = stack.folder.path / "payment-gateway.db"
    move = "UPDATE entries SET reference = ? WHERE reference = ?"
    with closing(sqlite3.connect(file, isolation_level=None)) as ledger:
        ledger.execute(move, (never_ordered, charged))
        try:
            yield
        finally:
            ledger.execute(move, (charged, never_ordered))
