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
    pages = SidecarPages(sidecar, clock, settings.generation)
    replicas = SidecarReplicas(
        sidecar, clock, app_id=settings.app_id, pubsub=settings.replica_pubsub
    )
    quiet_s = settings.catch_up_quiet_s
    projector = Projector(
        pages, replicas, clock, batch=settings.projection_batch, announce=quiet_s == 0
    )
    service = MyPages(
        pages=pages,
        projector=projector,
        live=Live(pages, clock),
        clock=clock,
        stuck_after_s=settings.stuck_after_s,
    )

    async def caught_up() -> None:
        projector.catch_up(quiet_s)

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


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
