"""payment-svc's composition root: `python -m payment_svc.main`."""

import os

from fastapi import FastAPI

from cafe_kit.app import Parts, build_app
from cafe_kit.clock import Clock, utc_now
from cafe_kit.repository import Document, Kind, Repository
from cafe_kit.serve import run
from cafe_kit.sidecar import Sidecar
from payment_svc import api, domain, events, saga
from payment_svc.adapters import SidecarGateway
from payment_svc.settings import Settings
from payment_svc.use_cases import Payments

PAYMENT = Kind("payment", Document[domain.Payment], domain.decide, events.EVENTS)


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service."""
    payments = Payments(
        repository=Repository(sidecar, clock, settings.app_id, PAYMENT),
        gateway=SidecarGateway(sidecar),
    )
    parts = Parts(payments, api.router, saga.REACTIONS, title="payment-svc")
    return build_app(parts, settings, sidecar, clock)


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
