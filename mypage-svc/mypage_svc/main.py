"""mypage-svc's composition root: `python -m mypage_svc.main`."""

import os

from fastapi import APIRouter, FastAPI

from cafe_kit.app import Parts, build_app
from cafe_kit.clock import Clock, utc_now
from cafe_kit.reminders import Reminders
from cafe_kit.serve import run
from cafe_kit.sidecar import Sidecar
from mypage_svc import api, ops_api, saga, stream_api
from mypage_svc.adapters import SidecarPages, SidecarReplicas
from mypage_svc.live import Live
from mypage_svc.projector import Projector
from mypage_svc.settings import Settings
from mypage_svc.use_cases import MyPages


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service."""
    service = _service(settings, sidecar, clock)

    async def caught_up() -> None:
        service.projector.catch_up(settings.catch_up_quiet_s)

    router = APIRouter()
    for each in (stream_api.router, api.router, ops_api.router):  # "stream" before "{order_id}"
        router.include_router(each)
    parts = Parts(
        service,
        router,
        saga.REACTIONS,
        title="mypage-svc",
        reminders=Reminders(sidecar, clock),
        prepare=caught_up,
        info={"generation": settings.generation},
    )
    return build_app(parts, settings, sidecar, clock)


def _service(settings: Settings, sidecar: Sidecar, clock: Clock) -> MyPages:
    pages = SidecarPages(sidecar, clock, settings.generation)
    replicas = SidecarReplicas(
        sidecar, clock, app_id=settings.app_id, pubsub=settings.replica_pubsub
    )
    announce = settings.catch_up_quiet_s == 0
    batch = settings.projection_batch
    return MyPages(
        pages=pages,
        projector=Projector(pages, replicas, clock, batch=batch, announce=announce),
        live=Live(pages, clock),
        clock=clock,
        stuck_after_s=settings.stuck_after_s,
    )


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
