"""Two replicas of each service race for the same orders, and money and ends stay right."""

from kit.tests.virtual_time import run
from tests.memory.faults import told
from tests.simulation.budget import seeds
from tests.simulation.replicas import race
from tests.simulation.tally import Tally

SHARE = 0.1


def test_replicas_that_race_bring_every_order_to_a_right_end() -> None:
    for seed in seeds(SHARE):
        with told(again=f"make simulate N=0 SEED={seed}"):
            run(race(seed, Tally()))
