"""payment-svc's composition root: `python -m payment_svc.main`."""

import os
import random
from dataclasses import replace
from datetime import timedelta

from fastapi import FastAPI

from cafe_kit.aggregate import Document, Kind
from cafe_kit.app import Parts, build_app
from cafe_kit.backoff import Backoff
from cafe_kit.clock import Clock, utc_now
from cafe_kit.reminders import Reminders
from cafe_kit.repository import Repository
from cafe_kit.serve import run
from cafe_kit.sidecar import Sidecar
from payment_svc import api, domain, events, model, saga, use_cases
from payment_svc.adapters import SidecarGateway
from payment_svc.settings import Settings
from payment_svc.use_cases import Payments

PAYMENT = Kind("payment", Document[model.Payment], domain.decide, events.EVENTS)


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service."""
    reminders = Reminders(sidecar, clock)
    guard_after = timedelta(seconds=settings.guard_after_s)
    kind = replace(PAYMENT, journal_limit=settings.journal_limit)
    payments = Payments(
        repository=Repository(sidecar, clock, settings.app_id, kind, reminders, guard_after),
        gateway=SidecarGateway(sidecar),
        reminders=reminders,
        clock=clock,
        charge_backoff=_backoff(settings.charge_retry_first_s, settings.charge_retry_most_s),
        refund_backoff=_backoff(settings.refund_retry_first_s, settings.refund_retry_most_s),
    )
    reminders.on(use_cases.CHARGE, lambda reminder: use_cases.charge_again(payments, reminder))
    reminders.on(use_cases.REFUND, lambda reminder: use_cases.refund_again(payments, reminder))
    parts = Parts(payments, api.router, saga.REACTIONS, title="payment-svc", reminders=reminders)
    return build_app(parts, settings, sidecar, clock)


def _backoff(first_s: float, most_s: float) -> Backoff:
    return Backoff(timedelta(seconds=first_s), timedelta(seconds=most_s), random.random)


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
