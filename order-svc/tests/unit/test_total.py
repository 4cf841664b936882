"""What an order costs: exact integers in one currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_svc.domain import total_of
from order_svc.model import Item, Money


def item(quantity: int, amount: int, currency: str = "KRW") -> Item:
    return Item("latte", "Latte", quantity, Money(amount, currency))


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**9)), min_size=1, max_size=20),
    st.sampled_from(["KRW", "EUR", "USD"]),
)
def test_a_total_is_exact_and_keeps_the_currency(
    lines: list[tuple[int, int]], currency: str
) -> None:
    items = tuple(item(quantity, price, currency) for quantity, price in lines)

    one_by_one = 0
    for quantity, price in lines:
        for digit, char in enumerate(reversed(str(quantity))):
            one_by_one += int(char) * price * 10**digit

    assert total_of(items) == Money(one_by_one, currency)


@pytest.mark.parametrize(
    ("items", "found"), [((), r"\[\]"), ((item(1, 1), item(1, 1, "EUR")), r"\['EUR', 'KRW'\]")]
)
def test_a_total_of_nothing_or_of_two_currencies_is_an_error(
    items: tuple[Item, ...], found: str
) -> None:
    with pytest.raises(ValueError, match=f"^one currency needed, got {found}$"):
        total_of(items)
