"""The payment gateway's durable ledger: what was charged and refunded, and what was answered.

The movement of money and the answer to its idempotency key commit in one SQLite transaction, so
after a crash at any point either both are there or neither is. WAL with synchronous NORMAL: a
commit is in the operating system's hands before it is answered and survives kill -9; only a crash
of the machine may lose the last ones, which a sandbox can afford.
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Literal
from uuid import uuid4

from cafe_sandbox.problems import Problem, problem_body

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
    reference TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT,
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (reference, kind)
);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    request_digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
"""
_PAGE_OF_ALL = """
SELECT * FROM entries WHERE amount > 0 AND position > ? ORDER BY position LIMIT ?
"""
_PAGE_OF_REFERENCE = """
SELECT * FROM entries WHERE reference = ? AND amount > 0 AND position > ? ORDER BY position LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as idempotency sees it: its key and a digest of its body."""

    key: str
    request_digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A definite answer, stored under its key; `replayed` when it had been given before."""

    status: int
    body: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Movement:
    """One row: `amount` in minor units; a refund of 0 closes a reference never charged."""

    position: int
    kind: Literal["charge", "refund"]
    reference: str
    amount: int
    currency: str | None
    id: str
    at: str


class Ledger:
    """The ledger file; only for the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            sqlite3.Error: it cannot be opened or is no ledger.

        """
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file and fold the write-ahead log into it."""
        self._db.close()

    def answer_to(self, call: Call) -> Answer | None:
        """Give the answer this key has had, None for a new key.

        Raises:
            Problem: 409, the key was used for another request.

        """
        row = self._db.execute(
            "SELECT request_digest, status, body FROM answers WHERE key = ?", (call.key,)
        ).fetchone()
        if row is None:
            return None
        if row[0] != call.request_digest:
            detail = "This Idempotency-Key belongs to another request; use a new key."
            raise Problem(409, "idempotency-key-reused", detail)
        return Answer(row[1], row[2], replayed=True)

    def charge(
        self, call: Call, reference: str, amount: int, currency: str, decline: str | None
    ) -> Answer:
        """Charge once per reference unless `decline` gives a reason not to.

        Gives 201 `{"charge_id","approval_code"}`, 402 `{"reason"}` (`closed` after a refund of 0),
        or a 409 problem when another key has charged this reference.

        Raises:
            Problem: 409, the key was used for another request.

        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if answer := self.answer_to(call):
                return answer
            if self._find(reference, "charge"):
                detail = "This reference was charged under another Idempotency-Key."
                answer = Answer(HTTPStatus.CONFLICT, problem_body(409, "already-charged", detail))
            elif reason := "closed" if self._find(reference, "refund") else decline:
                answer = Answer(HTTPStatus.PAYMENT_REQUIRED, json.dumps({"reason": reason}))
            else:
                charge = self._enter("charge", reference, amount, currency)
                code = f"{charge.position:06d}"
                body = json.dumps({"charge_id": charge.id, "approval_code": code})
                answer = Answer(HTTPStatus.CREATED, body)
            self._remember(call, answer)
        return answer

    def refund(self, call: Call, reference: str) -> Answer:
        """Give back what was charged, once; if nothing was, close the reference for charging.

        Gives 201 `{"refund_id","amount"}`, the same for every key.

        Raises:
            Problem: 409, the key was used for another request.

        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if answer := self.answer_to(call):
                return answer
            refund = self._find(reference, "refund")
            if refund is None:
                charge = self._find(reference, "charge")
                amount, currency = (charge.amount, charge.currency) if charge else (0, None)
                refund = self._enter("refund", reference, amount, currency)
            answer = Answer(
                HTTPStatus.CREATED, json.dumps({"refund_id": refund.id, "amount": refund.amount})
            )
            self._remember(call, answer)
        return answer

    def movements(self, reference: str | None, after: int, limit: int) -> list[Movement]:
        """List the movements of money, oldest first: of one reference, or of all (None)."""
        if reference is None:
            rows = self._db.execute(_PAGE_OF_ALL, (after, limit))
        else:
            rows = self._db.execute(_PAGE_OF_REFERENCE, (reference, after, limit))
        return [Movement(*row) for row in rows]

    def _find(self, reference: str, kind: Literal["charge", "refund"]) -> Movement | None:
        row = self._db.execute(
            "SELECT * FROM entries WHERE reference = ? AND kind = ?", (reference, kind)
        ).fetchone()
        return Movement(*row) if row else None

    def _enter(
        self, kind: Literal["charge", "refund"], reference: str, amount: int, currency: str | None
    ) -> Movement:
        entry_id = f"{kind[:2]}_{uuid4().hex}"
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = self._db.execute(
            "INSERT INTO entries (kind, reference, amount, currency, id, at)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
            (kind, reference, amount, currency, entry_id, at),
        ).fetchone()
        return Movement(*row)

    def _remember(self, call: Call, answer: Answer) -> None:
        self._db.execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?)",
            (call.key, call.request_digest, answer.status, answer.body),
        )
