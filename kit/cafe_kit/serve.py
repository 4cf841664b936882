"""Run a service: logs, sidecar, uvicorn; drained on SIGTERM."""

from collections.abc import Callable
from types import FrameType
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from cafe_kit import logs
from cafe_kit.app import Lifecycle
from cafe_kit.clock import Clock
from cafe_kit.dapr_sidecar import DaprSidecar
from cafe_kit.faults import KillBeforePublish
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Sidecar

SettingsT = TypeVar("SettingsT", bound=Settings)


class _Server(uvicorn.Server):
    """Not ready as soon as the signal arrives; requests under way are finished first."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._lifecycle.draining = True
        super().handle_exit(sig, frame)
        # uvicorn raises them again at the end, and an orderly end would look like a death.
        self._captured_signals.clear()


def run(
    create_app: Callable[[SettingsT, Sidecar, Clock], FastAPI],
    settings: SettingsT,
    clock: Clock,
    *,
    subject_name: str,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way get `drain_s` seconds."""
    logs.configure(settings.app_id, settings.log_level, subject_name)
    app = create_app(settings, _sidecar(settings), clock)
    _Server(_config(app, settings), app.state.lifecycle).run()


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
    )
    return KillBeforePublish(sidecar, settings.fault_kill) if settings.fault_kill else sidecar
