"""Every error is a problem (RFC 9457): one form, one status, no inner detail."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.problems import (
    BadRequest,
    Forbidden,
    NotFound,
    Problem,
    Refused,
    TemporarilyAway,
    TooLarge,
    Unauthenticated,
    Unprocessable,
)
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import client_of, lamp_app

KEY = {"idempotency-key": "k-1"}
LAMP = {"lamp_id": "lamp-1", "watts": 40}


@pytest.fixture
async def client(sidecar: MemorySidecar, clock: ManualClock) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(lamp_app(sidecar, clock)) as client:
        yield client


def problem_of(reply: httpx.Response) -> dict[str, Any]:
    """Return the body of a problem whose form is right."""
    body: dict[str, Any] = reply.json()
    assert reply.headers["content-type"] == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["status"] == reply.status_code
    assert body["title"]
    return body


@pytest.mark.parametrize(
    ("type_", "status", "headers"),
    [
        (BadRequest, 400, {}),
        (Unauthenticated, 401, {"www-authenticate": "Bearer"}),
        (Forbidden, 403, {}),
        (NotFound, 404, {}),
        (Refused, 409, {}),
        (TooLarge, 413, {}),
        (Unprocessable, 422, {}),
        (Problem, 500, {}),
        (TemporarilyAway, 503, {"retry-after": "2"}),
    ],
)
def test_each_problem_has_its_status_and_headers(
    type_: type[Problem], status: int, headers: dict[str, str]
) -> None:
    response = type_("why").response()

    body = json.loads(bytes(response.body))
    assert (response.status_code, body["status"], body["detail"]) == (status, status, "why")
    assert {name: response.headers[name] for name in headers} == headers


async def test_a_refusal_names_the_status_in_its_way(client: httpx.AsyncClient) -> None:
    reply = await client.post("/lamps/lamp-1/dust")

    assert reply.status_code == 409
    assert problem_of(reply) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "lamp-1 is hot.",
        "current_status": "ON",
    }


@pytest.mark.parametrize(
    ("content", "headers", "status", "at"),
    [
        (b"{", KEY, 400, "body"),
        (b"\xff", KEY, 400, None),
        (json.dumps(LAMP).encode(), {}, 400, "header.idempotency-key"),
        (b"{}", {}, 400, "header.idempotency-key"),
        (b"{}", KEY, 422, "body.lamp_id"),
        (b"[]", KEY, 422, "body"),
        (b"", KEY, 422, "body"),
        (b'{"lamp_id":"lamp-1","watts":"many"}', KEY, 422, "body.watts"),
    ],
)
async def test_400_is_for_malformed_requests_and_422_for_wrong_ones(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int, at: str | None
) -> None:
    reply = await client.post(
        "/lamps", content=content, headers={"content-type": "application/json", **headers}
    )

    problem = problem_of(reply)
    assert reply.status_code == status
    if at is not None:
        assert any(error["at"].startswith(at) for error in problem["errors"])
        assert at in problem["detail"]


async def test_a_good_request_is_no_problem(client: httpx.AsyncClient) -> None:
    reply = await client.post("/lamps", json=LAMP, headers=KEY)

    assert (reply.status_code, reply.json()) == (201, {"lamp_id": "lamp-1", "key": "k-1"})


async def test_a_wrong_query_is_422(client: httpx.AsyncClient) -> None:
    reply = await client.get("/lamps/lamp-1?depth=deep")

    assert reply.status_code == 422
    assert problem_of(reply)["errors"][0]["at"] == "query.depth"


async def test_at_most_twenty_errors_are_told(client: httpx.AsyncClient) -> None:
    reply = await client.post("/rows", json=["no number"] * 30)

    assert reply.status_code == 422
    assert len(problem_of(reply)["errors"]) == 20


async def test_an_unknown_route_is_404(client: httpx.AsyncClient) -> None:
    reply = await client.get("/nowhere")

    assert reply.status_code == 404
    assert problem_of(reply)["title"] == "Not Found"


async def test_another_method_is_405_and_the_right_ones_are_named(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.delete("/lamps")

    assert reply.status_code == 405
    assert reply.headers["allow"] == "POST"
    assert problem_of(reply)["title"] == "Method Not Allowed"


async def test_a_sidecar_that_is_away_is_503_and_a_line(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        reply = await client.get("/away")

    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "2"
    assert "secret" not in json.dumps(problem_of(reply))
    assert [(line["event"], line["error"]) for line in lines] == [
        ("sidecar call failed", "read state: 500 secret detail")
    ]


async def test_what_the_sidecar_will_never_accept_is_a_bug_of_ours(
    client: httpx.AsyncClient,
) -> None:
    with capture_logs() as lines:
        reply = await client.get("/refused")

    assert (reply.status_code, "retry-after" in reply.headers) == (500, False)
    assert "secret" not in json.dumps(problem_of(reply))
    assert [line["event"] for line in lines] == ["unexpected error"]


async def test_a_bug_is_500_without_detail_and_a_line_with_all_of_it(
    client: httpx.AsyncClient,
) -> None:
    with capture_logs() as lines:
        reply = await client.get("/bug")

    assert reply.status_code == 500
    assert "secret" not in json.dumps(problem_of(reply))
    [line] = lines
    assert (line["event"], line["log_level"]) == ("unexpected error", "error")
    assert str(line["exc_info"]) == "secret detail"
