"""The page is written again after each row, and only between its marks."""

from collections import Counter
from pathlib import Path

from tests.chaos.invariants import Violation
from tests.chaos.report import BEGIN, END, write
from tests.chaos.run import Result, Row


def test_rows_are_added_between_the_marks_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN} -->\nyesterday\n<!-- {END}\nafter\n")
    held = Result(Row("a fault", ()), 7, accepted=3, ended=Counter(COMPLETED=3))
    lost = Result(Row("another", ()), 7, found=[Violation("I1", "an order is gone")])
    broken = Result(Row("a third", ()), 7, broken="it hung")

    write(page, [held], 3, "sqlite", 7)
    first = page.read_text()
    write(page, [held, lost, broken], 3, "sqlite", 7)
    text = page.read_text()

    assert text.startswith(f"before\n{BEGIN} -->\n")
    assert text.endswith(f"<!-- {END}\nafter\n")
    assert "yesterday" not in text
    assert "1 of 3 rows" in first
    assert "another" not in first
    assert f"| a fault |{' ok |' * 11}  |" in text
    assert "| another | **1** | ok |" in text
    assert "| a third | not played to its end |" in text
    assert "- I1: an order is gone" in text
