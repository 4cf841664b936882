"""A service as a process: it logs JSON, and when it is told to stop it ends in order.

One run of the process serves every test; each looks at another part of what was seen.
"""

import asyncio
import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from kit.tests.child import lamp_process
from kit.tests.issuer import Issuer
from tests.waiting import wait_until

NOTICE_S, DRAIN_S = 1.0, 1
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one life of the process showed."""

    token: str
    slow: httpx.Response
    hang: httpx.Response
    late: httpx.Response
    ended_after_s: float
    exit_text: str
    log: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    token = Issuer().token()
    headers = {"authorization": f"Bearer {token}", "traceparent": f"00-{TRACE_ID}-{'b7' * 8}-01"}
    env = {"DRAIN_NOTICE_S": str(NOTICE_S), "DRAIN_S": str(DRAIN_S), "LOG_LEVEL": "debug"}
    running = lamp_process(tmp_path_factory.mktemp("lamp"), **env)
    async with running as (process, client):
        for path in ("/lamps/lamp-1", "/me", "/away", "/bug"):
            await client.get(path, headers=headers)
        requests = [asyncio.create_task(client.get(path)) for path in ("/slow", "/hang")]
        await wait_until(
            lambda: client.get("/under_way"), lambda reply: reply.json() == 2, what="both requests"
        )
        began_s = time.monotonic()
        process.send(signal.SIGTERM)
        await not_ready(client)
        late = await wait_until(
            lambda: client.get("/under_way"),
            lambda reply: "connection" in reply.headers,
            what="an answer that closes its connection",
        )
        await wait_until(lambda: not process.alive, what="the end")
        ended_after_s = time.monotonic() - began_s
        slow, hang = await asyncio.gather(*requests)
        return Seen(
            token, slow, hang, late, ended_after_s, process.exit_text, process.log.read_text()
        )


async def not_ready(client: httpx.AsyncClient) -> None:
    """Wait until `/readyz` says that the process is about to end."""
    await wait_until(
        lambda: client.get("/readyz"), lambda reply: reply.status_code == 503, what="503 of /readyz"
    )


def lines_of(seen: Seen, event: str) -> list[dict[str, Any]]:
    """Return the lines of one event."""
    return [line for line in map(json.loads, seen.log.splitlines()) if line["event"] == event]


def test_a_request_under_way_is_answered_after_the_signal(seen: Seen) -> None:
    assert seen.slow.status_code == 200


def test_from_the_signal_on_the_process_is_not_ready(seen: Seen) -> None:
    assert seen.slow.json() == 503


def test_what_comes_while_others_notice_the_end_is_answered_and_asked_to_come_elsewhere(
    seen: Seen,
) -> None:
    assert (seen.late.status_code, seen.late.headers["connection"]) == (200, "close")


async def test_a_second_signal_ends_the_time_to_notice(tmp_path: Path) -> None:
    async with lamp_process(tmp_path, DRAIN_NOTICE_S="3600") as (process, client):
        process.send(signal.SIGTERM)
        await not_ready(client)

        process.send(signal.SIGTERM)

        await wait_until(lambda: not process.alive, what="the end")
        assert process.exit_text == "exit code 0"


def test_a_request_that_never_ends_is_given_up_when_the_time_to_drain_is_over(seen: Seen) -> None:
    assert seen.hang.status_code == 500
    assert NOTICE_S + DRAIN_S <= seen.ended_after_s < NOTICE_S + DRAIN_S + 5


def test_an_orderly_end_is_exit_code_0(seen: Seen) -> None:
    assert seen.exit_text == "exit code 0"


def test_every_line_is_json_and_names_the_service_and_the_time(seen: Seen) -> None:
    for line in map(json.loads, seen.log.splitlines()):
        assert line["service"] == "lamp-svc"
        assert line["level"] in {"debug", "info", "warning", "error"}
        assert line["timestamp"].endswith("Z")


def test_the_server_speaks_in_the_same_form(seen: Seen) -> None:
    assert lines_of(seen, "Shutting down")


def test_a_line_of_a_request_carries_its_trace(seen: Seen) -> None:
    for event in ("shown", "sidecar call failed", "unexpected error"):
        [line] = lines_of(seen, event)
        assert line["trace_id"] == TRACE_ID


def test_a_bug_is_logged_once_with_its_traceback(seen: Seen) -> None:
    [line] = lines_of(seen, "unexpected error")

    assert "RuntimeError: secret detail" in line["exception"]
    assert "lamp_service.py" in line["exception"]
    assert seen.log.count("RuntimeError: secret detail") == 1


def test_no_token_is_in_any_line(seen: Seen) -> None:
    assert lines_of(seen, "keys not refreshed")
    for part in seen.token.split("."):
        assert part not in seen.log
