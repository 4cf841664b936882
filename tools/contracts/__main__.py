"""`python -m tools.contracts [--check]`: write contracts/ and docs/architecture/saga.md."""

import argparse
import asyncio
import sys
from pathlib import Path

from cafe_kit import logs
from tools.contracts.checkout import compare, update
from tools.contracts.generate import generate

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Return 1 when something is out of date (`--check`) or would break readers, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tools.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args().check
    logs.configure("contracts", "error", "order_id")
    fresh = asyncio.run(generate())
    return compare(ROOT, fresh) if check else update(ROOT, fresh)


if __name__ == "__main__":
    sys.exit(main())
