"""`python -m tools.contracts`: write contracts/ and docs/architecture/saga.md; `--check` compares.

Exit code 1 when something differs (`--check`) or would break readers. Nothing is written over a
break: say it as a new version of the event or, where no reader can exist yet, delete the committed
files it contradicts and run again.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from cafe_kit import logs
from tools.contracts.generate import breaks, differences, generate, write

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args(arguments).check
    fresh = asyncio.run(generate())
    broken = breaks(root, fresh)
    different = differences(root, fresh) if check else []
    for line in broken:
        print(f"BREAKS READERS  {line}")
    for line in different:
        print(f"OUT OF DATE     {line}; run make contracts")
    if not check and not broken:
        for name in write(root, fresh):
            print(f"wrote {name}")
    return 1 if broken or different else 0


if __name__ == "__main__":
    logs.configure("contracts", "error", "order_id")
    sys.exit(main())
