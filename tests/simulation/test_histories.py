"""Random histories of people, broker, clock, crashes and faults keep I1 - I10.

A failure prints the history that breaks and its seed; `make simulate` with that seed looks for the
shortest.
"""

from tests.memory.faults import told
from tests.simulation.budget import seeds
from tests.simulation.machine import run_histories
from tests.simulation.tally import Tally

SHARE = 0.22


def test_any_history_comes_to_a_right_end() -> None:
    for seed in seeds(SHARE):
        with told(again=f"make simulate N=0 SEED={seed}"):
            run_histories(seed, Tally())
