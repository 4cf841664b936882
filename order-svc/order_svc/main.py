"""order-svc's composition root: `python -m order_svc.main`."""

import os
from dataclasses import replace
from datetime import timedelta

from fastapi import FastAPI

from cafe_kit.aggregate import Document, Kind
from cafe_kit.app import Parts, build_app
from cafe_kit.clock import Clock, utc_now
from cafe_kit.reminders import Reminders
from cafe_kit.repository import Repository
from cafe_kit.serve import run
from cafe_kit.sidecar import Sidecar
from order_svc import api, domain, events, model, saga, use_cases
from order_svc.adapters import SidecarMenu
from order_svc.deadlines import Deadlines
from order_svc.open_orders import OpenOrders
from order_svc.settings import Settings
from order_svc.use_cases import Orders

ORDER = Kind("order", Document[model.Order], domain.decide, events.EVENTS)


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service."""
    reminders = Reminders(sidecar, clock)
    guard_after = timedelta(seconds=settings.guard_after_s)
    kind = replace(ORDER, journal_limit=settings.journal_limit)
    orders = Orders(
        repository=Repository(sidecar, clock, settings.app_id, kind, reminders, guard_after),
        menu=SidecarMenu(sidecar, clock),
        clock=clock,
        open_orders=OpenOrders(settings.max_open_orders),
        max_items=settings.max_items,
        deadlines=Deadlines(
            payment=timedelta(seconds=settings.payment_deadline_s),
            accept=timedelta(seconds=settings.accept_deadline_s),
            cancel_answer=timedelta(seconds=settings.cancel_answer_s),
            alert_after=timedelta(seconds=settings.alert_after_s),
            look_again=timedelta(seconds=settings.look_again_s),
        ),
    )
    reminders.on(use_cases.WATCH, lambda reminder: use_cases.watch(orders, reminder))
    parts = Parts(orders, api.router, saga.REACTIONS, title="order-svc", reminders=reminders)
    return build_app(parts, settings, sidecar, clock)


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
