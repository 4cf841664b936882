"""What waits to be sent on one stream.

Of an order only the newest state waits: a slow reader skips states, and never falls behind by more
than `OUTBOX_LIMIT` orders.
"""

import asyncio
from typing import Final

from cafe_kit.streams import Frame

OUTBOX_LIMIT: Final = 200


class Outbox:
    """Frames that wait, one per order; `overflowed` when there were too many to keep."""

    def __init__(self) -> None:
        self._frames: dict[str, Frame] = {}
        self._some = asyncio.Event()
        self.overflowed = False

    def put(self, order_id: str, frame: Frame) -> None:
        """Let a frame wait in the place of an older one of its order."""
        self._frames.pop(order_id, None)
        self._frames[order_id] = frame
        self.overflowed |= len(self._frames) > OUTBOX_LIMIT
        if self.overflowed:
            self._frames.clear()  # A snapshot will have it all.
        self._some.set()

    def restart(self, frame: Frame) -> None:
        """Forget what waits: this frame holds all of it."""
        self._frames = {"": frame}
        self.overflowed = False
        self._some.set()

    async def take(self) -> list[Frame]:
        """Return what waits, once there is something."""
        await self._some.wait()
        frames, self._frames = list(self._frames.values()), {}
        self._some.clear()
        return frames
