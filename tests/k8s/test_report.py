"""What is written about a cluster: pure, so that it needs none."""

from dataclasses import replace
from pathlib import Path

from tests.chaos.oracle import Said
from tests.k8s.crowd import Carried
from tests.k8s.first_order import Door
from tests.k8s.load_pod import Heard, Plan
from tests.k8s.report import Results, Row, page

PLAYED = "2026-01-01 10:00, abc1234"
ROW = Row("test_a", "HPA", "Load, then | none.", "-", "2 -> 3", "failed", PLAYED)
SAID = Said(10.0, 0.25, "place", "ana", "k", "o", 201, "{}")


def test_a_row_that_was_played_again_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    results = Results(tmp_path / "kept" / "rows.json")
    other = replace(ROW, test="test_b", figure="else")

    for row in (ROW, other, replace(ROW, figure="2 -> 4", outcome="passed")):
        results.add(row)

    assert results.rows() == [replace(ROW, figure="2 -> 4", outcome="passed"), other]


def test_the_page_says_what_failed_and_breaks_no_table() -> None:
    rows = [ROW, replace(ROW, outcome="passed"), replace(ROW, outcome="skipped")]

    written = page(rows, "make it", ["one node"])

    failed, passed, skipped = written.splitlines()[-3:]
    assert "- one node" in written
    told = f"| HPA | Load, then / none. | - | 2 -> 3 ({PLAYED}) |"
    assert failed == f"{told} **FAILED** |"
    assert passed == f"{told} passed |"
    assert skipped == f"{told} **not seen** |"


def test_what_is_not_acknowledged_is_counted_by_status_or_by_what_became_of_it() -> None:
    away = replace(SAID, status=503, told="busy", at=11.0)
    reset = replace(SAID, status=0, told="reset: ClientOSError()", at=14.0)

    heard = Heard(Plan(), [SAID, away, away, reset])

    assert heard.failed == {"503": 2, "reset": 1}
    assert heard.lasted_s == 4.0
    assert heard.figure().startswith(
        "4 orders, 25.00 %, failed: 2 x 503, 1 x reset such as busy; p50"
    )


def test_loads_are_shares_of_what_the_cluster_carries() -> None:
    carried = Carried(10.0)

    siege, steady = carried.siege(0.25), carried.steady(0.5, Door("http://there", "x.test"))

    assert (siege.users, siege.think_s) == (100, 40.0)
    assert (steady.rate_per_s, steady.url, steady.host) == (5.0, "http://there", "x.test")
