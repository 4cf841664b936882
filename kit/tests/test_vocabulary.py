"""The kit is mechanism: it knows no coffee.

Every word of its sources counts, in names, texts and comments alike; `OrderPlaced` and
`order_placed` have the word `order` in them, `reorder` and `border` have not.
"""

import re
from pathlib import Path

import pytest

import cafe_kit

FOLDER = Path(cafe_kit.__file__).parent
BUSINESS = {"order", "payment", "menu", "paid", "coffee", "drink", "barista", "rider", "customer"}
# Names of the product, which the mechanism has to spell: the package and the two prefixes.
ALLOWED = re.compile(r"\bcafe_(?=[a-z])|\bcafe\.dead-letter\b")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def business_words(text: str) -> set[str]:
    """Return the words of the business in a text, in lower case and the singular."""
    words = {word.lower() for word in WORD.findall(ALLOWED.sub("", text))}
    return (words | {word.removesuffix("s") for word in words}) & (BUSINESS | {"cafe"})


@pytest.mark.parametrize("path", sorted(FOLDER.glob("**/*.py")), ids=lambda path: path.name)
def test_no_source_of_the_kit_has_a_word_of_the_business(path: Path) -> None:
    assert business_words(path.read_text()) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class OrderPlaced:", {"order"}),
        ("order_id = 1  # the customer's", {"order", "customer"}),
        ('"PAYMENTS"', {"payment"}),
        ("parse_menu2", {"menu"}),
        ("HTTPOrders", {"order"}),
        ("a cafe order", {"cafe", "order"}),
        ("CafeOrder", {"cafe", "order"}),
        ("reorder the border of documents", set[str]()),
        ('from cafe_kit.app import Parts; "cafe.dead-letter"; "cafe_transitions"', set[str]()),
    ],
)
def test_a_word_is_found_however_it_is_written(text: str, found: set[str]) -> None:
    assert business_words(text) == found
