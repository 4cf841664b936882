"""Where a process is in its life: starting, ready, draining."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cafe_kit.auth import TokenVerifier
from cafe_kit.logs import get_logger
from cafe_kit.sidecar import Sidecar, SidecarError

Run = Callable[[], Awaitable[None]]
_POLL_S: Final = 0.1
_log = get_logger()


@dataclass(slots=True)
class Lifecycle:
    """`/readyz` tells it: 503 while there is something to wait for, and while draining."""

    waiting_for: str = "start"
    draining: bool = False

    async def become_ready(
        self, sidecar: Sidecar, heard: frozenset[str], verifier: TokenVerifier, prepare: Run
    ) -> None:
        """Wait for every subscription and for no sandbox in production; then `prepare`.

        daprd reads `/dapr/subscribe` once; where that failed nothing would ever be delivered, while
        its own health stays green.
        """
        while True:
            try:
                missing = heard - (await sidecar.metadata()).topics
                if missing:
                    self.waiting_for = f"subscriptions: {', '.join(sorted(missing))}"
                elif await verifier.meets_sandbox():
                    self.waiting_for = "an identity provider that is no sandbox"
                else:
                    await prepare()
                    self.waiting_for = ""
                    break
            except SidecarError as error:
                self.waiting_for = f"the sidecar: {error}"
            await asyncio.sleep(_POLL_S)
        _log.info("ready", subscriptions=len(heard))


async def guarded(run: Run) -> None:
    """Run a background loop; one that ends by a bug is logged, not forgotten."""
    with suppress(asyncio.CancelledError):
        try:
            await run()
        except Exception:
            _log.exception("background loop failed")
            raise
