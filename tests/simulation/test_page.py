"""The page counts what was tried, and names a story on the real stack for every flow."""

from pathlib import Path

import pytest

from tests.simulation.page import page, stories
from tests.simulation.tally import Tally


def test_a_flow_without_a_story_on_the_real_stack_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("async def test_c10_twice(): ...", encoding="utf-8")

    with pytest.raises(LookupError, match=r"C1, C2, C3, C4, C5, C6, C7, C8, C9$"):
        stories(tmp_path)


def test_the_page_has_a_row_for_every_flow_and_aggregate() -> None:
    tally = Tally()
    tally.points["C10 twice, any sequence", "late"] = 1_234
    tally.runs["histories"] = 5_678

    command = "python -m tests.simulation --minutes 120 --write docs/simulation.md"

    lines = page(command, 120.5, range(2**31, 2**31 + 100), tally).splitlines()

    story = next(story for story in stories()["C10"])
    assert f"| C10 twice, any sequence | 0 | 0 | 0 | 0 | 1,234 | 0 | `{story}` |" in lines
    assert any(line.startswith("| nobody collects |") and line.endswith("| - |") for line in lines)
    assert "| histories | 5,678 |" in lines
    assert "| Cafe (cafe-svc) | 3 | 6 | 18 |" in lines
    assert all(len(line) <= 100 for line in lines if not line.startswith("|"))
