"""`make chaos [ONLY=name] [SEED=n] [STORE=...] [WRITE=docs/reliability.md]`: the whole matrix.

A line or more per row tells how far it is. A row that fails is told with what repeats it, and the
next is played all the same; the exit code is 1 then. The page is written again after each row.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.matrix import ROWS
from tests.chaos.report import told, write
from tests.chaos.run import Result, Row, play
from tools.components import STORES

SEEDS = 2**31
VIOLATIONS_TOLD = 20


def say(line: str) -> None:
    """Print at once, also into a file."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)  # noqa: T201


def options_given() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--only", default="", help="the rows whose name has this (a pattern)")
    parser.add_argument("--seed", type=int, help="of all random choices; default: a new one")
    parser.add_argument("--store", choices=STORES, default=STORES[0])
    parser.add_argument("--write", type=Path, help="the page whose matrix to replace")
    parser.add_argument("--folder", type=Path, help="where logs and oracles go; default: a new one")
    return parser.parse_args()


def chosen(only: str) -> list[Row]:
    """Return the rows to play. Raises `SystemExit` if there is none."""
    rows = [row for row in ROWS if re.search(only, row.name)]
    if not rows:
        names = "\n  ".join(row.name for row in ROWS)
        sys.exit(f"No row has ONLY={only!r} in its name; there are\n  {names}")
    return rows


def main() -> int:
    """Play the rows; return the exit code."""
    options = options_given()
    rows = chosen(options.only)
    seed = random.SystemRandom().randrange(SEEDS) if options.seed is None else options.seed
    folder = options.folder or Path(tempfile.mkdtemp(prefix="chaos-"))
    say(f"{len(rows)} rows, STORE={options.store} SEED={seed}; logs in {folder}")
    results: list[Result] = []
    for number, row in enumerate(rows, 1):
        say(f"{number}/{len(rows)} {row.name}")
        result = play(row, options.store, seed, folder / f"{number:02}", say)
        results.append(result)
        for line in told(result, VIOLATIONS_TOLD):
            say(f"  {line}")
        if options.write:
            write(options.write, results, len(rows), options.store, seed)
    bad = [result.row.name for result in results if not result.good]
    say(f"{len(results) - len(bad)} of {len(rows)} rows held")
    say(f"not: {'; '.join(bad)}" if bad else "all of them")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
