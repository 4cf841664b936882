"""What a real cluster has shown: one row per test, kept between runs, written as a page.

A row that was played again replaces the one of before, so that one test can be run alone.
"""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from tools.launch import ROOT

Outcome = Literal["passed", "failed", "skipped"]
TOLD_AS: Final[dict[Outcome, str]] = {
    "passed": "passed",
    "failed": "**FAILED**",
    "skipped": "**not seen**",
}
HEAD: Final = """\
# What a real cluster has shown

Written by `{command}`: every row is a test of
[tests/k8s](../../tests/k8s), its procedure, the load during it, what was measured, when (UTC) and
at which commit of the suite: a row may be of a later run than its neighbours.
The load runs on the cores of what it is put on, so it is a share of what this cluster was seen to
carry. After each load every order is settled, and what was acknowledged, stored, said and charged
is compared order by order (tests/chaos/invariants.py): that is what "invariants violated" counts.

{cluster}

| Feature | Procedure | Load | Figure | |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One test: `procedure` is its docstring, `figure` what was measured, `at` when and of what."""

    test: str
    feature: str
    procedure: str
    load: str
    figure: str
    outcome: Outcome
    at: str


@dataclass(frozen=True, slots=True)
class Results:
    """The rows of a file, in the sequence in which tests were first played."""

    file: Path

    def rows(self) -> list[Row]:
        """Return what is known; nothing where there is no file."""
        if not self.file.exists():
            return []
        return [Row(**row) for row in json.loads(self.file.read_text())]

    def forget(self) -> None:
        """Begin anew."""
        self.file.unlink(missing_ok=True)

    def add(self, row: Row) -> None:
        """Keep a row in the place of the one of the same test."""
        rows = {known.test: known for known in self.rows()}
        rows[row.test] = row
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps([asdict(each) for each in rows.values()], indent=1))


def stamp() -> str:
    """Return the time in UTC and the commit that is checked out; `dirty`, where it was edited."""
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {told.strip()}"


def page(rows: Iterable[Row], command: str, cluster: Iterable[str]) -> str:
    """Return it in Markdown."""
    facts = "\n".join(f"- {fact}" for fact in cluster)
    return HEAD.format(command=command, cluster=facts) + "".join(map(_line, rows))


def _line(row: Row) -> str:
    cells = (row.feature, row.procedure, row.load, f"{row.figure} ({row.at})")
    told = " | ".join(" ".join(cell.split()).replace("|", "/") for cell in cells)
    return f"| {told} | {TOLD_AS[row.outcome]} |\n"
