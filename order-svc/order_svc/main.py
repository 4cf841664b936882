"""order-svc's composition root: `python -m order_svc.main`."""

import os

from fastapi import FastAPI

from cafe_kit.app import Parts, build_app
from cafe_kit.clock import Clock, utc_now
from cafe_kit.repository import Document, Kind, Repository
from cafe_kit.serve import run
from cafe_kit.sidecar import Sidecar
from order_svc import api, domain, events, saga
from order_svc.adapters import SidecarMenu
from order_svc.settings import Settings
from order_svc.use_cases import Orders

ORDER = Kind("order", Document[domain.Order], domain.decide, events.EVENTS)


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service."""
    orders = Orders(
        repository=Repository(sidecar, clock, settings.app_id, ORDER),
        menu=SidecarMenu(sidecar, clock),
    )
    parts = Parts(orders, api.router, saga.REACTIONS, title="order-svc")
    return build_app(parts, settings, sidecar, clock)


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
