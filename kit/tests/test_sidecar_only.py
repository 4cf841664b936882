"""Who may call what only the sidecar is to call: whoever shows the token that both were given."""

import json
from collections.abc import Mapping

import pytest
from fastapi import FastAPI

from cafe_kit import asgi
from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.outcomes import Retry
from cafe_kit.reminders import Reminder, Reminders
from cafe_kit.settings import Settings
from kit.tests.lamp import NOW, ManualClock
from kit.tests.lamp_events import lit
from kit.tests.lamp_service import SETTINGS, Service, lamp_app

NOW_S, BEFORE_S = "token-of-now", "token-of-before"
TOKENS = {"app_api_token": NOW_S, "app_api_token_previous": BEFORE_S}
GUARDED = SETTINGS.model_copy(update=TOKENS)
CALLER = "dapr-caller-app-id"
ROUTES = [
    ("POST", "/events/lamp.Lit.v1"),
    ("POST", "/events/cafe.dead-letter.lamp-svc"),
    ("POST", "/job/lamp.check-1"),
    ("GET", "/dapr/subscribe"),
]
WRONG: list[dict[str, str]] = [
    {},
    {"dapr-api-token": ""},
    {"dapr-api-token": "guess"},
    {"dapr-api-token": NOW_S[:-1]},
    {"dapr-api-token": NOW_S + "x"},
    {"dapr-api-token": "ü"},
    {"authorization": f"Bearer {NOW_S}"},
]


class Lamp:
    """A service whose app records what gets through to it."""

    def __init__(self, sidecar: MemorySidecar, clock: ManualClock, settings: Settings) -> None:
        self.service = Service(Retry("busy"))
        self.looks: list[str] = []
        self.sidecar = sidecar
        reminders = Reminders(sidecar, clock)
        reminders.on("lamp.check", self.look)
        parts = {"service": self.service, "reminders": reminders}
        self.app: FastAPI = lamp_app(sidecar, clock, settings, **parts)

    async def look(self, reminder: Reminder) -> None:
        """Handle a reminder."""
        self.looks.append(reminder.id)

    async def call(self, method: str, path: str, headers: Mapping[str, str]) -> int:
        """Call a route with what it would handle; return the status."""
        reminder = Reminder(kind="lamp.check", id="lamp-1", due=NOW)
        job = json.dumps({"reminders": [reminder.model_dump(mode="json")]}).encode()
        body = job if path.startswith("/job/") else lit()
        reply = await asgi.call(self.app, method, path, body=body, headers=headers)
        if reply.status == 401:
            assert reply.headers["content-type"] == "application/problem+json"
            assert json.loads(reply.body)["detail"] == "Only this app's sidecar may call this."
        return reply.status

    @property
    def untouched(self) -> bool:
        """Whether nothing at all has happened."""
        return not (self.service.given or self.looks or self.sidecar.calls.total())


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", WRONG, ids=str)
async def test_without_the_token_it_is_401_and_nothing_happens(
    sidecar: MemorySidecar, clock: ManualClock, method: str, path: str, headers: dict[str, str]
) -> None:
    lamp = Lamp(sidecar, clock, GUARDED)

    assert await lamp.call(method, path, headers) == 401

    assert lamp.untouched


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("token", [NOW_S, BEFORE_S])
async def test_the_sidecar_gets_through_with_the_token_of_now_and_of_before(
    sidecar: MemorySidecar, clock: ManualClock, method: str, path: str, token: str
) -> None:
    lamp = Lamp(sidecar, clock, GUARDED)

    assert await lamp.call(method, path, {"dapr-api-token": token}) in {200, 204}

    assert lamp.untouched is (path == "/dapr/subscribe")


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_what_another_app_invokes_through_the_sidecar_delivers_nothing(
    sidecar: MemorySidecar, clock: ManualClock, method: str, path: str
) -> None:
    lamp = Lamp(sidecar, clock, GUARDED)
    invoked = {"dapr-api-token": NOW_S, "dapr-caller-app-id": "other-svc"}

    assert await lamp.call(method, path, invoked) == 401

    assert lamp.untouched


@pytest.mark.parametrize("tokens", [{"app_api_token": NOW_S}, {"app_api_token_previous": NOW_S}])
async def test_one_token_alone_is_asked_for_too(
    sidecar: MemorySidecar, clock: ManualClock, tokens: dict[str, str]
) -> None:
    lamp = Lamp(sidecar, clock, SETTINGS.model_copy(update=tokens))
    path = "/events/lamp.Lit.v1"

    statuses = [
        await lamp.call("POST", path, {"dapr-api-token": token}) for token in (NOW_S, BEFORE_S, "")
    ]

    assert statuses == [200, 401, 401]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_where_no_token_is_configured_none_is_asked_for(
    sidecar: MemorySidecar, clock: ManualClock, method: str, path: str
) -> None:
    lamp = Lamp(sidecar, clock, SETTINGS)

    assert await lamp.call(method, path, {CALLER: "another-svc"}) in {200, 204}


@pytest.mark.parametrize("path", ["/lamps/lamp-1", "/livez", "/info", "/nowhere"])
async def test_only_the_sidecar_may_name_a_calling_app(
    sidecar: MemorySidecar, clock: ManualClock, path: str
) -> None:
    lamp = Lamp(sidecar, clock, GUARDED)
    named = {CALLER: "another-svc"}
    alone = await lamp.call("GET", path, {})

    assert await lamp.call("GET", path, named) == 401
    assert await lamp.call("GET", path, named | {"dapr-api-token": "guess"}) == 401
    assert await lamp.call("GET", path, named | {"dapr-api-token": NOW_S}) == alone


@pytest.mark.parametrize("path", ["/lamps/lamp-1", "/livez", "/metrics", "/info", "/openapi.json"])
async def test_people_and_probes_need_no_token_of_the_sidecar(
    sidecar: MemorySidecar, clock: ManualClock, path: str
) -> None:
    assert await Lamp(sidecar, clock, GUARDED).call("GET", path, {}) == 200


@pytest.mark.parametrize(
    "path", ["/%65vents/lamp.Lit.v1", "/events/../events/lamp.Lit.v1", "//events/lamp.Lit.v1"]
)
async def test_no_other_spelling_of_a_path_gets_through(
    sidecar: MemorySidecar, clock: ManualClock, path: str
) -> None:
    lamp = Lamp(sidecar, clock, GUARDED)

    assert await lamp.call("POST", path, {}) in {401, 404}

    assert lamp.untouched
