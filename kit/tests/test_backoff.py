"""The waits between attempts: doubled, spread, and never longer than the longest."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_kit.backoff import Backoff

FIRST, MOST = timedelta(seconds=1), timedelta(minutes=15)


def waits(dice: float, *attempts: int) -> list[float]:
    """Return the seconds to wait after so many failed attempts, thrown the same each time."""
    backoff = Backoff(FIRST, MOST, lambda: dice)
    return [backoff.after(n).total_seconds() for n in attempts]


@pytest.mark.parametrize(
    ("dice", "seconds"),
    [
        (0.0, [0.75, 1.5, 3.0, 384.0, 675.0, 675.0, 675.0]),
        (0.5, [1.0, 2.0, 4.0, 512.0, 900.0, 900.0, 900.0]),
        (1.0, [1.25, 2.5, 5.0, 640.0, 1125.0, 1125.0, 1125.0]),
    ],
)
def test_a_wait_is_75_to_125_percent_of_the_doubled_one(dice: float, seconds: list[float]) -> None:
    assert waits(dice, 0, 1, 2, 9, 10, 31, 10**6) == seconds


def test_every_wait_is_thrown_anew() -> None:
    backoff = Backoff(FIRST, MOST, iter([0.0, 1.0]).__next__)

    assert [backoff.after(0), backoff.after(0)] == [FIRST * 0.75, FIRST * 1.25]


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_no_number_of_attempts_is_too_many(attempts: int, dice: float) -> None:
    (wait,) = waits(dice, attempts)

    assert 0.75 <= wait <= 1.25 * MOST.total_seconds()


def test_doubling_ends_before_it_overflows_even_where_the_longest_is_never_reached() -> None:
    backoff = Backoff(timedelta(microseconds=1), timedelta.max / 2, lambda: 0.5)

    assert backoff.after(10**6) == backoff.after(30) == timedelta(microseconds=2**30)
