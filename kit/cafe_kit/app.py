"""The one way to make a service: routes, errors, limits, probes, start and stop."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.routing import Route

from cafe_kit import ops, ops_sidecar
from cafe_kit.auth import TokenVerifier
from cafe_kit.backoff import Backoff
from cafe_kit.clock import Clock
from cafe_kit.dead_letters import DeadLetters
from cafe_kit.lifecycle import Lifecycle, guarded
from cafe_kit.middleware import BodyLimit, Observe, Shed, SidecarOnly
from cafe_kit.problems import HANDLERS, PROBLEM_JSON, ProblemBody, problem_response
from cafe_kit.rates import RateLimit
from cafe_kit.reminders import Reminders
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Sidecar
from cafe_kit.streams import Streams
from cafe_kit.subscriptions import Handle, Reaction, Subscriptions, handlers

ServiceT = TypeVar("ServiceT")


async def _nothing() -> None:
    """Take no step."""


@dataclass(frozen=True, slots=True)
class Parts(Generic[ServiceT]):
    """What one service adds to the common frame.

    `prepare` runs once before the service is ready and may raise `SidecarError` to be run again.
    `run` lives as long as the service (a background loop); it is cancelled at the end.
    """

    service: ServiceT
    router: APIRouter
    reactions: Sequence[Reaction[ServiceT, Any]]
    title: str
    reminders: Reminders
    prepare: Callable[[], Awaitable[None]] = _nothing
    run: Callable[[], Awaitable[None]] = _nothing
    info: dict[str, str] = field(default_factory=dict[str, str])


class _Service(FastAPI):
    """FastAPI itself would document our errors as application/json."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            for path in super().openapi()["paths"].values():
                for operation in path.values():
                    content = operation["responses"]["default"]["content"]
                    content[PROBLEM_JSON] = content.pop("application/json")
        return super().openapi()


def build_app(
    parts: Parts[ServiceT], settings: Settings, sidecar: Sidecar, clock: Clock
) -> FastAPI:
    """Return the app. It opens nothing before it runs, and never fails because Dapr is away."""
    lifecycle = Lifecycle()
    handles = handlers(parts.service, parts.reactions)
    letters = _dead_letters(parts, settings, sidecar, clock, handles)
    elsewhere = {r.hears.TOPIC: settings.replica_pubsub for r in parts.reactions if r.by_each}
    names = settings.app_id, settings.pubsub, settings.letter_pubsub
    subscriptions = Subscriptions(*names, handles, letters.receive, elsewhere)
    app = _Service(
        title=parts.title,
        # A redirect would name the address inside, which the gateway does not have.
        redirect_slashes=False,
        lifespan=_lifespan(parts, sidecar, lifecycle, subscriptions.topics),
        exception_handlers={**HANDLERS},
        responses={"default": {"model": ProblemBody, "description": "A problem (RFC 9457)"}},
        redoc_url=None,
    )
    _set_state(app, parts, settings, sidecar, clock)
    app.state.lifecycle = lifecycle
    app.include_router(parts.router)
    app.include_router(ops.router_of(letters))
    app.include_router(ops_sidecar.router_of(sidecar))
    app.include_router(_probes(lifecycle, settings, parts.info, letters))
    app.include_router(_jobs(parts.reminders))
    subscriptions.register(app)
    _hide_from_docs(app)
    _guard(app, settings)
    return app


def _guard(app: FastAPI, settings: Settings) -> None:
    """Put the limits around all routes; the one added last sees a request first."""
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(Shed, limit=settings.max_in_flight, max_turn_s=settings.max_turn_ms / 1000)
    app.add_middleware(SidecarOnly, tokens=settings.app_api_tokens)
    app.add_middleware(Observe)


def _set_state(
    app: FastAPI, parts: Parts[ServiceT], settings: Settings, sidecar: Sidecar, clock: Clock
) -> None:
    """Put what routes and dependencies ask for where they find it."""
    app.state.service = parts.service
    app.state.page_limit = settings.page_limit
    app.state.streams = Streams(
        limit=settings.stream_limit,
        per_caller=settings.streams_per_caller,
        life_s=settings.stream_life_s,
        look_s=settings.stream_look_s,
    )
    app.state.verifier = TokenVerifier(
        sidecar,
        clock,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        sandbox_keys=settings.environment != "production",
    )
    app.state.rate = RateLimit(clock, per_s=settings.caller_rate_per_s, burst=settings.caller_burst)


def _dead_letters(
    parts: Parts[ServiceT],
    settings: Settings,
    sidecar: Sidecar,
    clock: Clock,
    handles: Mapping[str, Handle],
) -> DeadLetters:
    backoff = Backoff(
        timedelta(seconds=settings.letter_retry_first_s),
        timedelta(seconds=settings.letter_retry_most_s),
        random.random,
    )
    return DeadLetters(sidecar, clock, parts.reminders, handles, backoff)


def _lifespan(
    parts: Parts[ServiceT], sidecar: Sidecar, lifecycle: Lifecycle, heard: frozenset[str]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        verifier: TokenVerifier = app.state.verifier
        ready = partial(lifecycle.become_ready, sidecar, heard, verifier, parts.prepare)
        tasks = [asyncio.create_task(guarded(run)) for run in (ready, parts.run)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.reminders.close()
        await sidecar.close()

    return lifespan


def _probes(
    lifecycle: Lifecycle, settings: Settings, info: dict[str, str], letters: DeadLetters
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    @router.get("/readyz")
    async def readyz() -> Response:
        if lifecycle.draining:
            return problem_response(503, "draining")
        if lifecycle.waiting_for:
            return problem_response(503, f"waiting for {lifecycle.waiting_for}")
        return Response(b'{"status":"ready"}', media_type="application/json")

    @router.get("/info")
    async def info_() -> dict[str, str]:
        said = {"environment": settings.environment, "log_level": settings.log_level}
        return {"app_id": settings.app_id, **said, **info}

    @router.get("/metrics")
    async def metrics() -> Response:
        await letters.count()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _jobs(reminders: Reminders) -> APIRouter:
    """Return the route the scheduler calls. It never answers 404: that would delete the job."""
    router = APIRouter(include_in_schema=False)

    @router.post("/job/{name}")
    async def fire(name: str, request: Request) -> Response:
        await reminders.fire(name, await request.body())
        return Response(status_code=204)

    return router


def _hide_from_docs(app: FastAPI) -> None:
    """Keep the routes that only the sidecar calls out of the OpenAPI document."""
    for route in app.routes:
        if isinstance(route, Route) and route.path.startswith(("/events/", "/dapr/")):
            route.include_in_schema = False
