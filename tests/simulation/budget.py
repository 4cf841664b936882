"""How long the simulation goes on: SIMULATE_SECONDS for all parts, from SIMULATE_SEED on."""

import os
import time
from collections.abc import Iterator
from typing import Final

SECONDS: Final = float(os.environ.get("SIMULATE_SECONDS", "60"))
FIRST_SEED: Final = int(os.environ.get("SIMULATE_SEED", "0"))


def seeds(share: float) -> Iterator[int]:
    """Yield seeds, at least one, until this share of the time is used."""
    end = time.monotonic() + share * SECONDS
    seed = FIRST_SEED
    while True:
        yield seed
        seed += 1
        if time.monotonic() >= end:
            return
