"""A short siege: the menu and the payment gateway fail at once; people order all the while."""

import sys
from pathlib import Path

import pytest

from tests.siege.plans import SHORT
from tests.siege.report import complaints, table
from tests.siege.siege import besiege

pytestmark = pytest.mark.siege


async def test_while_breakers_are_open_orders_are_taken_at_once_and_in_the_end_all_are_settled(
    tmp_path: Path,
) -> None:
    outcome = await besiege(tmp_path, SHORT, seed=1)

    sys.stdout.write(table(SHORT, outcome))
    assert list(complaints(SHORT, outcome)) == []
