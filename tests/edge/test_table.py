"""One table says what can be reached from outside: all that is public, and nothing else."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from cafe_kit.settings import Settings
from tests.contract.committed import OPENAPI
from tests.edge.committed import INNER, MALFORMED, matching
from tools.edge import render
from tools.edge_table import Route, read_routes
from tools.gateway import CADDY, EDGE

TABLE = read_routes()
PUBLIC = {
    (service, method.upper(), path)
    for service, document in OPENAPI.items()
    for path, methods in document["paths"].items()
    for method in methods
}
FILE = EDGE / "Caddyfile"
SECOND = 1_000_000_000
ROLES = {"public", "customer", "customer:own", "barista:cafe", "rider", "operator"}


def of_services() -> list[Route]:
    return [route for route in TABLE if route.service != "gateway"]


def caddy(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(cwd)}
    command = (*CADDY, *arguments)
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_everything_public_is_in_the_table_and_the_table_promises_nothing_else() -> None:
    assert {(route.service, route.method, route.inner) for route in of_services()} == PUBLIC


def test_no_operation_stands_in_the_table_twice() -> None:
    assert len({(route.method, route.path) for route in TABLE}) == len(TABLE)


@pytest.mark.parametrize("route", of_services(), ids=lambda each: f"{each.method} {each.path}")
def test_a_row_leads_to_its_service_and_names_who_may_call(route: Route) -> None:
    path = re.sub(r"\{\w+\}", "0190-a.b_C", route.path)
    snippet = "ops" if route.path != route.inner else route.kind

    first = matching(path)[0]

    assert first == f"{snippet} {route.service} {route.method}"
    assert set(route.roles) <= ROLES
    assert route.roles


def test_what_operators_do_is_below_the_name_of_its_service() -> None:
    ops = [route for route in of_services() if route.inner.startswith("/ops/")]

    assert {route.roles for route in ops} == {("operator",)}
    assert all(route.path == f"/ops/{route.service}{route.inner[4:]}" for route in ops)


@pytest.mark.parametrize("path", [*INNER, *MALFORMED])
def test_what_is_not_public_has_no_route(path: str) -> None:
    assert matching(path) == []


def test_methods_of_one_path_share_a_line() -> None:
    get = Route("GET", "/tables", "/tables", "cafe-svc", "json", ("public",))
    put = Route("PUT", "/tables", "/tables", "cafe-svc", "json", ("operator",))

    text = render([put, get])

    assert text.count("/tables") == 1
    assert 'import json r1 ^/tables$ cafe-svc "GET, PUT" GET PUT' in text.replace("r01", "r1")


def test_the_gateway_understands_its_files(tmp_path: Path) -> None:
    done = caddy("validate", "--adapter", "caddyfile", "--config", str(FILE), cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert '"level":"warn"' not in done.stderr


def test_everything_has_a_time_limit_but_a_stream_that_has_begun(tmp_path: Path) -> None:
    done = caddy("adapt", "--adapter", "caddyfile", "--config", str(FILE), cwd=tmp_path)

    server = json.loads(done.stdout)["apps"]["http"]["servers"]["srv0"]
    times = {name: value / SECOND for name, value in server.items() if "timeout" in name}
    assert times == {"read_timeout": 10, "read_header_timeout": 10, "idle_timeout": 60}
    proxies = [route["handle"][0] for route in server["named_routes"].values()]
    assert len(proxies) == len(OPENAPI)
    for proxy in proxies:
        transport = proxy["transport"]
        assert transport["dial_timeout"] == SECOND
        assert transport["response_header_timeout"] == 10 * SECOND
        assert "stream_timeout" not in proxy
        # What is idle is closed here before a service that was told to stop closes it.
        notice_s = Settings.model_fields["drain_notice_s"].default
        assert transport["keep_alive"]["idle_timeout"] < notice_s * SECOND


def test_the_files_are_formatted_as_their_own_tool_does() -> None:
    for name in ("Caddyfile", "routes.Caddyfile"):
        done = caddy("fmt", str(EDGE / name), cwd=EDGE)

        assert done.stdout == (EDGE / name).read_text()
