"""A small service around the kit: one route for each thing that can happen to a request."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from pydantic import BaseModel

from cafe_kit import asgi
from cafe_kit.app import Parts, build_app
from cafe_kit.auth import Principal, require
from cafe_kit.clock import Clock
from cafe_kit.events import Cause, Received, View
from cafe_kit.logs import get_logger
from cafe_kit.memory_sidecar import Call
from cafe_kit.outcomes import Done, Outcome
from cafe_kit.problems import Refused
from cafe_kit.reminders import Reminders
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Rejected, Reply, Sidecar, Unavailable
from cafe_kit.subscriptions import Reaction
from kit.tests.lamp import SOURCE

SETTINGS = Settings(
    app_id=SOURCE,
    app_port=1,
    state_store="lamp-store",
    pubsub="lamp-pubsub",
    token_issuer="https://identity.example",
    token_audience="lamps",
    max_body_bytes=1000,
    max_turn_ms=60_000,
)
router = APIRouter()


class LitView(View):
    """What the service hears."""

    TOPIC: ClassVar[str] = "lamp.Lit.v1"

    lamp_id: str
    presses: int


class DarkView(LitView):
    """The other event it hears."""

    TOPIC: ClassVar[str] = "lamp.Dark.v1"


class NewLamp(BaseModel):
    """A request body."""

    lamp_id: str
    watts: int


@dataclass(slots=True)
class Service:
    """Answers events with `outcome`, or raises it; remembers what it was given."""

    outcome: Outcome | Exception = field(default_factory=Done)
    given: list[tuple[Received[Any], Cause]] = field(
        default_factory=list[tuple[Received[Any], Cause]]
    )

    async def hear(self, event: Received[Any], cause: Cause) -> Outcome:
        """Handle any event."""
        self.given.append((event, cause))
        get_logger().info("heard")
        return self._result()

    async def park(self, _: bytes) -> Outcome:
        """Take any dead letter."""
        return self._result()

    def _result(self) -> Outcome:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


REACTIONS: Sequence[Reaction[Service, Any]] = (
    Reaction(LitView, Service.hear),
    Reaction(DarkView, Service.hear, undoes="lamp.Lit.v1"),
)


@router.post("/lamps", status_code=201)
async def add(lamp: NewLamp, idempotency_key: Annotated[str, Header()]) -> dict[str, str]:
    """Take a body and a header."""
    return {"lamp_id": lamp.lamp_id, "key": idempotency_key}


@router.get("/lamps/{lamp_id}")
async def show(lamp_id: str, depth: int = 0) -> dict[str, str | int]:
    """Take an id in the path and a number in the query."""
    get_logger().info("shown")
    return {"lamp_id": lamp_id, "depth": depth}


@router.post("/raw")
async def raw(request: Request) -> dict[str, int]:
    """Read the body by itself."""
    return {"bytes": len(await request.body())}


@router.post("/rows")
async def rows(numbers: list[int]) -> int:
    """Take many numbers."""
    return len(numbers)


@router.post("/lamps/{lamp_id}/dust")
async def dust(lamp_id: str) -> None:
    """Refuse."""
    raise Refused(f"{lamp_id} is hot.", current_status="ON")


@router.get("/away")
async def away() -> None:
    """Meet a sidecar that is away."""
    raise Unavailable("read state: 500 secret detail")


@router.get("/refused")
async def never_accepted() -> None:
    """Ask a sidecar for what it will never do."""
    raise Rejected("publish: 403 secret detail")


@router.get("/bug")
async def bug() -> None:
    """Have a bug."""
    raise RuntimeError("secret detail")


@router.get("/me")
async def me(who: Annotated[Principal, Depends(require())]) -> dict[str, str]:
    """Tell a caller who they are."""
    return {"sub": who.sub}


@router.get("/cellar")
async def cellar(who: Annotated[Principal, Depends(require("keeper", "owner"))]) -> dict[str, str]:
    """Let only some in."""
    return {"sub": who.sub}


def lamp_app(
    sidecar: Sidecar, clock: Clock, settings: Settings = SETTINGS, **parts: Any
) -> FastAPI:
    """Build the app; `parts` are further arguments of `Parts`."""
    parts = {
        "service": Service(),
        "router": router,
        "reminders": Reminders(sidecar, clock),
    } | parts
    made: Parts[Service] = Parts(reactions=REACTIONS, title="lamp-svc", **parts)
    return build_app(made, settings, sidecar, clock)


def call_of(app: FastAPI) -> Call:
    """Return the app as its sidecar sees it."""

    async def call(method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        return await asgi.call(app, method, target, body=body, headers=headers)

    return call


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Return a client that sees what a caller would see, whatever the app raises."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://lamp-svc")


@asynccontextmanager
async def running(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """Start the app, hand out a client, stop the app."""
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client
