"""One seed gives one history, another seed another: or a failure could not be repeated."""

from collections.abc import Callable

import pytest

from kit.tests.virtual_time import run
from tests.simulation.machine import run_histories
from tests.simulation.replicas import race
from tests.simulation.tally import Tally


def race_two_replicas(seed: int, tally: Tally) -> None:
    run(race(seed, tally))


@pytest.mark.parametrize("play", [race_two_replicas, run_histories])
def test_the_seed_decides_all_that_happens(play: Callable[[int, Tally], None]) -> None:
    first, second, other = Tally(), Tally(), Tally()

    play(1, first)
    play(1, second)
    play(2, other)

    assert first == second
    assert first != other
