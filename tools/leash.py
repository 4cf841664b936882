"""`python leash.py PARENT_PID PROGRAM ARGS...`: become PROGRAM, and die when the parent dies.

The kernel's parent-death signal survives the exec, so not even `kill -9` of the stack runner
leaves an orphan. Linux only; elsewhere this is a plain exec and only an orderly stop cleans up.
It is a program of its own because running Python between fork and exec is unsafe with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set the signal, make sure the parent has not died before it was set, exec."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the stack runner is gone")
    try:
        os.execvp(program[0], program)  # noqa: S606
    except OSError as error:
        sys.exit(f"{program[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main()
