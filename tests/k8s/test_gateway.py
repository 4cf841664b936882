"""The way in: every route of edge/routes.toml answers, and nothing else does."""

import re
import tomllib

import pytest

from tests.k8s.cluster import Cluster
from tests.k8s.conftest import Told
from tests.k8s.first_order import Door, first_order
from tests.k8s.load_pod import Answer, ask
from tests.k8s.settings import Settings
from tools.launch import ROOT

pytestmark = pytest.mark.k8s
FEATURE = "Gateway"
REQUEST_ID = "x-request-id"
INSIDE = (
    "/livez",
    "/readyz",
    "/metrics",
    "/info",
    "/openapi.json",
    "/docs",
    "/dapr/subscribe",
    "/dapr/config",
    "/events/cafe.Paid.v1",
    "/job/watch",
    "/v1.0/healthz",
    "/v1.0/metadata",
    "/v1.0/invoke/cafe-svc/method/menus",
    "/ops/dead-letters",
    "/ops/stranger/dead-letters",
    "/nothing-here",
)


def doors(settings: Settings, told: Told) -> dict[str, Door]:
    """Return the ways in that this cluster has, and tell of the one that it has not."""
    if not settings.gateway:
        told.add("gateway: **not seen**, no controller of the Gateway API")
        return {"edge": Door()}
    return {"edge": Door(), "gateway": Door(settings.gateway, settings.place.host)}


def _routes() -> list[tuple[str, str, bool]]:
    """Return method, path as seen from outside, and whether it needs a token."""
    table = tomllib.loads((ROOT / "edge" / "routes.toml").read_text())
    found: list[tuple[str, str, bool]] = []
    for service, rows in table.items():
        for row in rows["routes"]:
            if row.get("kind") != "static":
                path = _outside(service, row["path"])
                found.append((row["method"], path, row["roles"] != ["public"]))
    return found


def _outside(service: str, path: str) -> str:
    named = re.sub(r"\{(\w+)\}", "gangnam", path)
    if not named.startswith("/ops"):
        return named
    app_id = "cafe-svc" if service == "every-service" else service
    return f"/ops/{app_id}{named.removeprefix('/ops')}"


async def test_every_route_of_the_table_is_answered_by_a_service(
    cluster: Cluster, settings: Settings, told: Told
) -> None:
    """Each row of edge/routes.toml, at edge and at the Gateway, without a token: 401 or public."""
    routes = _routes()
    for name, door in doors(settings, told).items():
        answers = await ask(cluster, [door.request(method, path) for method, path, _ in routes])

        wrong = [
            f"{method} {path}: {answer.status}"
            for (method, path, closed), answer in zip(routes, answers, strict=True)
            if not _by_a_service(answer, closed=closed)
        ]
        told.add(f"{name}: {len(routes) - len(wrong)} of {len(routes)} routes answer")
        assert wrong == [], name
        # The front door names each request, a service does not: so it is seen who was on the way.
        past_it = [wish for wish, a in zip(routes, answers, strict=True) if REQUEST_ID in a.headers]
        if name == "gateway":
            told.add(f"{len(routes) - len(past_it)} of them straight from the service")
            assert past_it == []


def _by_a_service(answer: Answer, *, closed: bool) -> bool:
    if closed:
        return answer.status == 401 and "problem+json" in answer.headers["content-type"]
    return answer.status in (200, 400, 422)


async def test_what_is_not_in_the_table_is_not_there(
    cluster: Cluster, settings: Settings, told: Told
) -> None:
    """Probes, metrics, events, jobs, Dapr's own routes, unknown paths, and wrong methods."""
    for name, door in doors(settings, told).items():
        wishes = [door.request(method, path) for path in INSIDE for method in ("GET", "POST")]
        answers = await ask(cluster, wishes)
        wrong_method, page = await ask(
            cluster, [door.request("DELETE", "/orders"), door.request("GET", "/")]
        )

        open_ = [w["url"] for w, a in zip(wishes, answers, strict=True) if a.status != 404]
        told.add(f"{name}: {len(wishes) - len(open_)} of {len(wishes)} answer 404")
        assert open_ == [], name
        assert wrong_method.status in (404, 405), name
        assert "<html" in page.body.lower(), name


async def test_an_order_is_placed_made_and_handed_over_from_outside(
    cluster: Cluster, settings: Settings, told: Told
) -> None:
    """A customer signs in and orders, a barista accepts, starts, finishes and hands over."""
    for name, door in doors(settings, told).items():
        told.add(f"{name}: completed in {await first_order(cluster, door):.1f} s")
