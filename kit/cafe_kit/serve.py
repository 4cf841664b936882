"""Run a service: logs, sidecar, uvicorn; drained on SIGTERM.

How a process ends: `/readyz` says 503 at once, new requests are taken for another
`drain_notice_s` (whoever balances load has to notice first), then those under way are finished,
at most `drain_s`; exit code 0. The sidecar is best told to stop at the same moment: from then on
it delivers nothing new, and its flags (tools/topology.py) have it serve the app until that ends.
"""

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import Final, TypeVar

import uvicorn
from fastapi import FastAPI

from cafe_kit import logs
from cafe_kit.clock import Clock
from cafe_kit.dapr_sidecar import DaprSidecar
from cafe_kit.faults import KillBeforePublish
from cafe_kit.lifecycle import Lifecycle
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Sidecar
from cafe_kit.streams import Streams

SettingsT = TypeVar("SettingsT", bound=Settings)


_CLOSE: Final = (b"connection", b"close")


class _Server(uvicorn.Server):
    """Not ready as soon as the signal arrives, gone `notice_s` later; a second signal ends that.

    Streams end at once: who follows one connects again, elsewhere where there is another replica.

    Every answer meanwhile closes its connection: a client that kept one could otherwise send its
    next request just as the server hangs up.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, notice_s: float) -> None:
        super().__init__(config)
        self._lifecycle: Lifecycle = app.state.lifecycle
        self._streams: Streams = app.state.streams
        self._notice_s = notice_s
        self._stop_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self._lifecycle.draining:
            self._lifecycle.draining = True
            return
        super().handle_exit(sig, frame)
        # uvicorn raises them again at the end, and an orderly end would look like a death.
        self._captured_signals.clear()

    async def on_tick(self, counter: int) -> bool:
        if not self._lifecycle.draining:
            return await super().on_tick(counter)
        now = asyncio.get_running_loop().time()
        if self._stop_at is None:
            self._stop_at = now + self._notice_s
            self._streams.close()
        self.should_exit |= now >= self._stop_at
        over = await super().on_tick(counter)
        if _CLOSE not in self.server_state.default_headers:
            self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        return over


def run(
    create_app: Callable[[SettingsT, Sidecar, Clock], FastAPI],
    settings: SettingsT,
    clock: Clock,
    *,
    subject_name: str,
) -> None:
    """Serve until SIGTERM or SIGINT, and end in an orderly way."""
    logs.configure(settings.app_id, settings.log_level, subject_name)
    app = create_app(settings, _sidecar(settings), clock)
    _Server(_config(app, settings), app, settings.drain_notice_s).run()


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.app_host,
        port=settings.app_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        # Longer than daprd keeps an idle connection, so that it never meets one just closed.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=settings.drain_s,
    )


def _sidecar(settings: Settings) -> Sidecar:
    sidecar = DaprSidecar(
        port=settings.dapr_http_port,
        store=settings.state_store,
        pubsub=settings.pubsub,
        deadline_s=settings.sidecar_deadline_s,
        api_token=settings.dapr_api_token,
        metrics_port=settings.dapr_metrics_port,
    )
    return KillBeforePublish(sidecar, settings.fault_kill) if settings.fault_kill else sidecar
