"""cafe-svc's composition root: `python -m cafe_svc.main`."""

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
from cafe_svc import api, catalogue, domain, events, model, saga, use_cases
from cafe_svc.adapters import StoredCatalogue
from cafe_svc.settings import Settings
from cafe_svc.use_cases import CafeOrders

CAFE_ORDER = Kind("cafe-order", Document[model.CafeOrder], domain.decide, events.EVENTS)
CAFE = Kind("cafe", Document[catalogue.Cafe], catalogue.decide, events={})


def create_app(settings: Settings, sidecar: Sidecar, clock: Clock) -> FastAPI:
    """Wire the service."""
    reminders = Reminders(sidecar, clock)
    guard_after = timedelta(seconds=settings.guard_after_s)
    of_cafes = replace(CAFE, journal_limit=settings.journal_limit)
    cafes = StoredCatalogue(
        Repository(sidecar, clock, settings.app_id, of_cafes, reminders, guard_after), clock
    )
    kind = replace(CAFE_ORDER, journal_limit=settings.journal_limit)
    cafe_orders = CafeOrders(
        repository=Repository(sidecar, clock, settings.app_id, kind, reminders, guard_after),
        catalogue=cafes,
        clock=clock,
        making_time=timedelta(seconds=settings.making_time_s),
        collection_time=timedelta(seconds=settings.collection_time_s),
        reminders=reminders,
    )
    reminders.on(use_cases.COLLECT, lambda reminder: use_cases.collect(cafe_orders, reminder))
    parts = Parts(
        cafe_orders,
        api.router,
        saga.REACTIONS,
        title="cafe-svc",
        prepare=cafes.found,
        reminders=reminders,
    )
    return build_app(parts, settings, sidecar, clock)


if __name__ == "__main__":
    run(create_app, Settings.from_env(os.environ), utc_now, subject_name="order_id")
