"""The route for operators that shows the sidecar: what it has loaded, hears and refuses."""

import asyncio
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from cafe_kit.ops import Operator
from cafe_kit.sidecar import Sidecar


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ComponentBody(_Shown):
    """A resource the sidecar has loaded."""

    name: str
    type: str
    version: str
    capabilities: list[str]


class SubscriptionBody(_Shown):
    """A topic the app hears; `dead_letter_topic` is empty where it has none."""

    pubsub: str
    topic: str
    dead_letter_topic: str


class BreakerBody(_Shown):
    """A circuit breaker: closed, half-open or open, as it was before the last call that met it."""

    target: str
    state: str


class AppHealthBody(_Shown):
    """How the sidecar looks after its app; durations as Go writes them, e.g. 3.9s."""

    path: str
    probe_interval: str
    probe_timeout: str
    threshold: int


class SidecarBody(_Shown):
    """The sidecar of the replica that answers."""

    app_id: str
    runtime_version: str
    components: list[ComponentBody]
    subscriptions: list[SubscriptionBody]
    breakers: list[BreakerBody]
    app_health: AppHealthBody | None


def router_of(sidecar: Sidecar) -> APIRouter:
    """Return `GET /ops/sidecar`; it needs the role operator, and is 503 without a sidecar."""
    router = APIRouter(tags=["operations"])

    @router.get("/ops/sidecar")
    async def show_sidecar(_: Operator) -> SidecarBody:
        """Show what the sidecar has loaded, which topics it delivers, which calls it refuses."""
        metadata, breakers = await asyncio.gather(sidecar.metadata(), sidecar.breakers())
        fields = SidecarBody.model_fields.keys() - {"breakers"}
        shown: dict[str, Any] = {name: getattr(metadata, name) for name in fields}
        return SidecarBody.model_validate({**shown, "breakers": breakers})

    return router
