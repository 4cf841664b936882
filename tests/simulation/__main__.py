"""`make simulate N=30`: every crash point once, then random histories and races for N minutes.

A line every ten seconds tells how far it is, and a table at the end what was tried. A failure is
printed with what repeats it, ends the run, and the exit code is 1. `--write` makes a page of what
was counted, if all has passed.
"""

import argparse
import random
import time
from pathlib import Path

from kit.tests.virtual_time import run
from tests.memory.faults import told
from tests.simulation.crash_points import begin, points_of, try_again, try_point
from tests.simulation.flows import FLOWS
from tests.simulation.machine import run_histories
from tests.simulation.page import page, stories
from tests.simulation.replicas import race
from tests.simulation.tally import Tally

SEEDS = 2**31


def say(line: str) -> None:
    """Print at once, also into a file."""
    print(line, flush=True)  # noqa: T201


class Progress:
    """Prints the tally at most every `every_s` seconds."""

    def __init__(self, tally: Tally, every_s: float = 10.0) -> None:
        self._tally = tally
        self._every_s = every_s
        self._started_s = self._said_s = time.monotonic()

    @property
    def minutes(self) -> float:
        """Return how long it has gone on."""
        return (time.monotonic() - self._started_s) / 60

    def go_on(self) -> None:
        """Say how far it is, if that was said long ago."""
        if time.monotonic() - self._said_s >= self._every_s:
            self._said_s = time.monotonic()
            say(f"{self.minutes:6.1f} min: {self._tally.line()}")


async def try_all_points(tally: Tally, progress: Progress) -> None:
    """Try every crash point of every flow."""
    for flow in FLOWS:
        world = await begin(tally)
        for point in await points_of(world, flow):
            await try_point(world, flow, point)
            progress.go_on()
        await world.end()


def try_seed(seed: int, tally: Tally) -> None:
    """Play the histories and the race of one seed."""
    with told(again=f"make simulate N=0 SEED={seed}"):
        run(race(seed, tally))
        run_histories(seed, tally, shrink=True)


def simulate(minutes: float, seed: int | None, tally: Tally, progress: Progress) -> range:
    """Run until the minutes are over, or something breaks; return the seeds."""
    if seed is None:
        run(try_all_points(tally, progress))
        seed = random.SystemRandom().randrange(SEEDS)
    say(f"{progress.minutes:6.1f} min: histories and races from seed {seed} on")
    first = seed
    while True:
        try_seed(seed, tally)
        progress.go_on()
        if progress.minutes >= minutes:
            break
        seed += 1
    say(f"{progress.minutes:6.1f} min: all invariants held; the last seed was {seed}")
    return range(first, seed + 1)


def options_given() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, help="only histories and races, from this seed on")
    parser.add_argument("--point", help="only this crash point, as a failure names it")
    parser.add_argument("--write", type=Path, help="the page to write, when all has passed")
    options = parser.parse_args()
    if options.write and (options.seed is not None or options.point):
        parser.error("the page tells of everything: neither --seed nor --point goes with --write")
    return options


def main() -> None:
    """Run, and write the page."""
    options = options_given()
    if options.point:
        run(try_again(options.point))
        return
    if options.write:
        stories()  # better now than after the run
    tally = Tally()
    progress = Progress(tally)
    try:
        seeds = simulate(options.minutes, options.seed, tally, progress)
    finally:
        say("\n".join(tally.summary()))
    if options.write:
        command = (
            f"python -m tests.simulation --minutes {options.minutes:g} --write {options.write}"
        )
        options.write.write_text(page(command, progress.minutes, seeds, tally), encoding="utf-8")


main()
