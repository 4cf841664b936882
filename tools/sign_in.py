"""`make token SUB=ana ROLE=customer [CAFE=gangnam]`: print a bearer token, nothing else.

python -m tools.sign_in SUB ROLE[,ROLE] [--cafe CAFE] [--run-dir .run]
"""

import argparse
import sys
from pathlib import Path

from tools.client import RunningStack
from tools.launch import ROOT
from tools.run_folder import RunFolder
from tools.terminal import StackError


def main() -> int:
    """Parse the command line and print the token."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sub")
    parser.add_argument("roles", help="customer, barista, rider, operator; several with commas")
    parser.add_argument("--cafe", help="the cafe of a barista")
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    arguments = parser.parse_args()
    try:
        stack = RunningStack(RunFolder(arguments.run_dir))
        print(stack.token(arguments.sub, arguments.roles.split(","), arguments.cafe or None))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
