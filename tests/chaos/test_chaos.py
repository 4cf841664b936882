"""A short selection of the matrix; `make chaos` plays all of it (docs/reliability.md)."""

import random
from pathlib import Path

import pytest

from tests.chaos.matrix import IN_CI
from tests.chaos.report import told
from tests.chaos.run import Row, play
from tools.components import STORES

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("row", IN_CI, ids=lambda row: row.name)
def test_nothing_is_lost_and_nothing_is_done_twice(row: Row, tmp_path: Path) -> None:
    seed = random.randrange(2**31)  # noqa: S311 - printed, and pytest-randomly sets it
    said: list[str] = []

    result = play(row, STORES[0], seed, tmp_path / "stack", said.append)

    lines = "\n".join([*said, *told(result, most=20)])
    assert result.good, f"seed {seed}, logs in {tmp_path}\n{lines}"
    assert result.accepted > 0
