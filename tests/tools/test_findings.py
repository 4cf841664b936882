"""What two sides do not agree on counts when it stays so."""

from collections.abc import Collection

from tools.findings import Finding, outlasting, table


def test_what_is_gone_at_the_second_look_was_only_under_way() -> None:
    asked: list[list[str]] = []

    def compare(order_ids: Collection[str]) -> list[Finding]:
        asked.append(sorted(order_ids))
        return [Finding("b", "differs", "")] if len(asked) == 1 else []

    assert outlasting(compare, ["a", "b"], settle_s=5) == []
    assert asked == [["a", "b"], ["b"]]


def test_what_stays_is_found_and_only_that() -> None:
    def compare(order_ids: Collection[str]) -> list[Finding]:
        return [Finding(each, "differs", "1, 2") for each in sorted(order_ids) if each != "a"]

    found = outlasting(compare, ["a", "b"], settle_s=0)

    assert found == [Finding("b", "differs", "1, 2")]
    assert table(found, "both").splitlines() == [
        "order  problem  both",
        "b      differs  1, 2",
    ]
