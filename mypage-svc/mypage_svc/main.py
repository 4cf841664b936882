"""mypage-svc's composition root: `python -m mypage_svc.main`."""

import os

from fastapi import FastAPI

from cafe_kit.app import Parts, build_app
from cafe_kit.clock import Clock, utc_now
from cafe_kit.reminders import Reminders
from cafe_kit.serve import run
from cafe_kit.sidecar import Sidecar
from mypage_svc import api, saga
from mypage_svc.adapters import SidecarPages
from mypage_svc.projector import Projector
from mypage_svc.settings import Settings
from mypage_svc.use_cases import MyPages


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service."""
    pages = SidecarPages(sidecar)
    service = MyPages(pages=pages, projector=Projector(pages), clock=clock)
    reminders = Reminders(sidecar, clock)
    parts = Parts(service, api.router, saga.REACTIONS, title="mypage-svc", reminders=reminders)
    return build_app(parts, settings, sidecar, clock)


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
