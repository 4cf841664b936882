"""A fault that tests may ask for in a real process: kill -9 between a save and its publish."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from cafe_kit.sidecar import Sidecar

_KILL_9: Final = partial(signal.raise_signal, signal.SIGKILL)


class KillBeforePublish:
    """Another sidecar, before whose next publish of the topic named in `wish` the process dies.

    The file `wish` may come and go while the process runs. It is removed before the kill, so the
    process that is started again lives on.
    """

    def __init__(self, sidecar: Sidecar, wish: Path, die: Callable[[], None] = _KILL_9) -> None:
        self._publish = sidecar.publish
        self._wish = wish
        self._die = die
        self.get = sidecar.get
        self.get_many = sidecar.get_many
        self.save = sidecar.save
        self.save_many = sidecar.save_many
        self.invoke = sidecar.invoke
        self.schedule = sidecar.schedule
        self.unschedule = sidecar.unschedule
        self.metadata = sidecar.metadata
        self.breakers = sidecar.breakers
        self.close = sidecar.close

    async def publish(self, topic: str, event: bytes, *, pubsub: str = "") -> None:
        if self._wish.is_file() and self._wish.read_text(encoding="utf-8") == topic:
            self._wish.unlink()
            self._die()
        await self._publish(topic, event, pubsub=pubsub)
