"""An event loop whose clock jumps to the next timer as soon as nothing else is to be done."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from anyio import CapacityLimiter, to_thread

THREAD_POLL_S: Final = 0.05
T = TypeVar("T")


class JumpingSelector(selectors.SelectSelector):
    """Adds the time it should have waited to `now_s`."""

    now_s = 0.0
    pool: CapacityLimiter | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now."""
        ready = super().select(0)
        while not ready and timeout != 0 and self.pool is not None and self.pool.borrowed_tokens:
            ready = super().select(THREAD_POLL_S)
        if not ready:
            assert timeout is not None, "everybody waits, and for nothing"
            self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Only for code that waits for timers, never for a process or a thread of its own."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)
        # After half a year of seconds a double no longer tells nanoseconds apart: no timer would
        # ever be due.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now_s

    def heed_threads(self) -> None:
        """Let time stand still while a thread of the web framework's pool works. Call it inside."""
        self._jumping.pool = to_thread.current_default_thread_limiter()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end; waiting takes no time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
