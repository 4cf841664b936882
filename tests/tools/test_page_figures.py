"""Figures of the read side: what is calculated from what was counted."""

import os

import pytest

from tools.page_figures_measure import cpu_s, quantile

INF = float("inf")


@pytest.mark.parametrize(
    ("q", "seconds"), [(0.5, 0.1), (0.25, 0.05), (0.75, 0.55), (0.9, 0.82), (0.99, 0.982)]
)
def test_a_quantile_lies_evenly_within_its_bucket(q: float, seconds: float) -> None:
    found = quantile({0.1: 50.0, 1.0: 100.0, INF: 100.0}, q)

    assert found == pytest.approx(seconds)


def test_beyond_the_last_bucket_its_bound_is_all_that_is_known() -> None:
    assert quantile({0.1: 1.0, INF: 100.0}, 0.99) == 0.1


def test_processor_time_is_that_of_all_threads_so_far() -> None:
    assert 0 < cpu_s([os.getpid()]) == pytest.approx(sum(os.times()[:2]), abs=0.2)
