"""The clock of a simulated world: the virtual time of its loop, so that waiting makes it go on."""

import asyncio
from datetime import datetime, timedelta

from tests.memory.node import Clock


class LoopClock(Clock):
    """Goes with the running loop; only on a `VirtualTimeLoop` does that cost nothing."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()

    @property
    def now(self) -> datetime:
        return self._now + timedelta(seconds=self._loop.time() - self._started_s)

    async def reach(self, moment: datetime) -> None:
        await asyncio.sleep(max(0.0, (moment - self.now).total_seconds()))
        self._now += max(timedelta(0), moment - self.now)  # what a double has lost
