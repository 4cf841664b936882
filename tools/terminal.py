"""What a person at the terminal reads.

StackError             a program cannot start or go on; the text is one sentence for a person
  AlreadyRunning       another runner owns the run folder
  NotRunning           nothing runs there
  Refused              a service answered 4xx or 5xx; has the status
"""

from collections.abc import Callable

Say = Callable[[str], None]


class StackError(Exception):
    """Raised by every tool for what a person must know; `str(error)` says what and what to do."""


class AlreadyRunning(StackError):
    """Another runner owns this run folder."""


class NotRunning(StackError):
    """No stack is ready in this run folder."""


class Refused(StackError):
    """A service of the running stack answered 4xx or 5xx."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def say(text: str) -> None:
    """Print at once, also into a pipe: a build that seems silent is taken for a dead one."""
    print(text, flush=True)
