"""`make rebuild-pages`: build the pages anew from the events, while the old ones are served.

python -m tools.rebuild [--timeout SECONDS] [--run-dir .run]

A second process of mypage-svc reads the streams from their beginning into documents of its own.
When it has caught up and its pages are right, the first one changes over, too, and it goes. Ends
with 0, or with 1 and the old pages served as before. docs/runbooks/rebuild-pages.md says more.
"""

import argparse
import fcntl
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tools import broker
from tools.broker import Broker
from tools.client import RunningStack
from tools.drift import Pages, drift
from tools.findings import table
from tools.launch import ROOT
from tools.processes import wait_for
from tools.rebuild_plan import APP_ID, GUEST, Plan, ReadSide, new_generation, read, write
from tools.run_folder import RunFolder
from tools.terminal import Say, StackError, say

TIMEOUT_S: Final = 600.0
RESTART_S: Final = 90.0
"""How long a process may take to go in an orderly way, or to come back."""
COMPARED: Final = 500
"""Of so many orders, those placed last, the pages are compared before anybody sees them."""
LETTERS: Final = "dead-letters"
LOOK_EVERY_S: Final = 0.5
TELL_EVERY: Final = 20
"""Looks between two lines about how far it is."""


class Rebuild:
    """One attempt, on the running stack of a folder."""

    def __init__(self, folder: RunFolder, known: Broker, timeout_s: float, tell: Say) -> None:
        self._folder = folder
        self._broker = known
        self._timeout_s = timeout_s
        self._tell = tell
        self._old = ReadSide(read(folder.path).serving)
        self._new = ReadSide(new_generation(datetime.now(UTC)))
        pages = Pages(RunningStack(folder))
        self._topics, self._letters = pages.topics(), pages.topics(LETTERS)
        self._letters_before = known.added(self._letters)

    def run(self) -> None:
        """Build the pages anew and serve them. Raises `StackError`; then the old ones are."""
        self._plan(Plan(self._old.generation))
        self._wait(lambda: not self._runs(GUEST), RESTART_S, f"{GUEST} of an attempt before to go")
        try:
            self._fill()
            self._compare()
            self._change_over()
        except BaseException:
            self._tell(f"Going back: generation {self._old.generation} is served.")
            self._retreat()
            raise
        self._finish()

    def _fill(self) -> None:
        left = self._broker.left(self._old.group, self._topics)
        self._tell(
            f"Generation {self._new.generation} is filled by {GUEST}, beside"
            f" {self._old.generation}, which is served and {left} events behind."
        )
        self._plan(Plan(self._old.generation, self._new.generation))
        self._wait(lambda: self._runs(GUEST), RESTART_S, f"{GUEST} to start")
        self._wait(self._caught_up, self._timeout_s, "the past to be read")
        ends = self._broker.ends(self._topics)

        def heard() -> bool:
            return self._guest_lives() and self._broker.has_heard(self._new.group, ends)

        self._wait(heard, self._timeout_s, "the last events to be acknowledged")

    def _compare(self) -> None:
        if self._broker.added(self._letters) != self._letters_before:
            # Whoever of the two reads a dead letter handles it, and the other's pages lack it.
            raise StackError("Meanwhile an event became a dead letter; try again when none does.")
        number, findings = drift(Pages(RunningStack(self._folder), GUEST), COMPARED)
        if findings:
            print(table(findings, "what the page tells, and what its owner does"))
            plural = "" if len(findings) == 1 else "s"
            count = f"{len(findings)} finding{plural} in {number} orders"
            raise StackError(f"The new pages are not right: {count}.")
        self._tell(f"The new pages of the last {number} orders tell what their owners do.")

    def _change_over(self) -> None:
        self._tell(f"{APP_ID} changes over; {GUEST} serves meanwhile.")
        self._plan(Plan(self._new.generation, self._new.generation))
        self._wait(lambda: self._serves(self._new), RESTART_S, f"{APP_ID} to be ready again")

    def _finish(self) -> None:
        """Only now is there no way back to the old documents but by the events."""
        self._plan(Plan(self._new.generation))
        self._wait(lambda: not self._runs(GUEST), RESTART_S, f"{GUEST} to go")
        self._broker.forget(self._old.group, self._topics)
        old, new = self._old.generation, self._new.generation
        self._tell(f"Generation {new} is served. Nobody reads the documents of {old} any more;")
        self._tell("docs/runbooks/rebuild-pages.md says how to delete them.")

    def _retreat(self) -> None:
        """The second process goes on serving until the first one has the old documents again."""
        if read(self._folder.path).serving != self._old.generation:
            self._plan(Plan(self._old.generation, self._new.generation))
            with suppress(StackError):
                self._wait(lambda: self._serves(self._old), RESTART_S, "the old pages")
        self._plan(Plan(self._old.generation))
        with suppress(StackError):
            self._wait(lambda: not self._runs(GUEST), RESTART_S, f"{GUEST} to go")
        self._broker.forget(self._new.group, self._topics)

    def _plan(self, plan: Plan) -> None:
        write(self._folder.path, plan)

    def _runs(self, name: str) -> bool:
        return name in self._folder.running()["services"]

    def _guest_lives(self) -> bool:
        if not self._runs(GUEST):
            raise StackError(f"{GUEST} has died; see {self._folder.logs}/{GUEST}.log.")
        return True

    def _caught_up(self) -> bool:
        return self._guest_lives() and RunningStack(self._folder).ready(GUEST)

    def _serves(self, side: ReadSide) -> bool:
        stack = RunningStack(self._folder)
        return stack.ready(APP_ID) and (
            stack.call(APP_ID, "GET", "/info")["generation"] == side.generation
        )

    def _wait(self, done: Callable[[], bool], timeout_s: float, what: str) -> None:
        looks = 0

        def look() -> bool:
            nonlocal looks
            looks += 1
            if looks % TELL_EVERY == 0:
                left = self._broker.left(self._new.group, self._topics)
                self._tell(f"Waiting for {what}; {left} events are to be read.")
            return done()

        try:
            wait_for(look, timeout_s, every_s=LOOK_EVERY_S)
        except TimeoutError:
            raise StackError(f"Waited {timeout_s:.0f} s for {what}, in vain.") from None


@contextmanager
def alone(folder: RunFolder) -> Generator[None]:
    """Keep a second rebuild out. Raises `StackError` when there is one."""
    with (folder.path / "rebuild.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError("The pages are being rebuilt already.") from None
        yield


def rebuild(folder: RunFolder, timeout_s: float = TIMEOUT_S, tell: Say = say) -> None:
    """Rebuild the pages of the stack that runs in a folder. Raises `StackError`."""
    port = RunningStack(folder).valkey_port
    with alone(folder), broker.connect(port) as known:
        Rebuild(folder, known, timeout_s, tell).run()


def main() -> int:
    """Parse the command line and rebuild."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT_S,
        metavar="SECONDS",
        help=f"how long the past may take to be read (default {TIMEOUT_S:.0f})",
    )
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    arguments = parser.parse_args()
    try:
        rebuild(RunFolder(arguments.run_dir), arguments.timeout)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
