"""`make down`: stop the stack of a run folder from another terminal, and wait until it is gone.

python -m tools.down [--run-dir .run]
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from tools.launch import ROOT
from tools.processes import wait_for
from tools.run_folder import RunFolder
from tools.stack import STOP_TIMEOUT_S

TIMEOUT_S = 2 * STOP_TIMEOUT_S + 5


def main() -> int:
    """Parse the command line, stop, wait."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    folder = RunFolder(parser.parse_args().run_dir)
    owner = folder.owner()
    if not owner:
        print("No stack is running here.")
        return 0
    os.kill(owner, signal.SIGTERM)
    try:
        wait_for(lambda: folder.owner() is None, TIMEOUT_S)
    except TimeoutError:
        print(f"Process {owner} has not stopped within {TIMEOUT_S:.0f} s.", file=sys.stderr)
        return 1
    print("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
