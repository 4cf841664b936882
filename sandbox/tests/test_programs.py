"""Both programs start, refuse to start, and stop as a supervisor expects."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sandbox.tests.sandbox_program import (
    GATEWAY,
    IDENTITY,
    GatewayClient,
    Program,
    command,
    problem_of,
)

both = pytest.mark.parametrize("module", [GATEWAY, IDENTITY])


def run(
    module: str, *arguments: object, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(module, *arguments),
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@both
def test_help_names_the_arguments_and_their_defaults(module: str) -> None:
    ended = run(module, "--help")

    assert ended.returncode == 0
    assert module in ended.stdout
    assert "--port" in ended.stdout
    assert "default: .run/" in ended.stdout


@both
def test_neither_starts_in_production(module: str, tmp_path: Path) -> None:
    ended = run(module, "--data", tmp_path / "x", environment={"ENVIRONMENT": "production"})

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "refuses to run with ENVIRONMENT=production" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@both
def test_a_file_of_another_kind_is_named_and_left_alone(module: str, tmp_path: Path) -> None:
    data = tmp_path / "notes.txt"
    data.write_text("buy milk\n" * 1000)

    ended = run(module, "--data", data)

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert str(data) in ended.stderr
    assert data.read_text() == "buy milk\n" * 1000


def test_a_taken_port_ends_in_an_error(gateway_program: Program, tmp_path: Path) -> None:
    ended = run(GATEWAY, "--port", gateway_program.client.base_url.port, "--data", tmp_path / "x")

    assert ended.returncode != 0
    assert "address already in use" in ended.stderr


@both
def test_it_listens_on_loopback_only_unless_told_otherwise(module: str, tmp_path: Path) -> None:
    everywhere = ("--host", "0.0.0.0")  # noqa: S104
    with (
        Program(module, tmp_path / "a" / "data") as shy,
        Program(module, tmp_path / "b" / "data", arguments=everywhere) as open_to_all,
    ):
        elsewhere = [f"http://127.0.0.2:{each.client.base_url.port}" for each in (shy, open_to_all)]

        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{elsewhere[0]}/livez", trust_env=False)
        answer = httpx.get(f"{elsewhere[1]}/livez", trust_env=False)

    assert answer.status_code == 200


def test_a_missing_folder_for_the_data_is_made(gateway_program: Program, identity: Program) -> None:
    assert gateway_program.data.is_file()
    assert identity.data.is_file()


def test_a_port_that_is_none_is_refused() -> None:
    assert run(GATEWAY, "--port", "70000").returncode == 2


def test_a_request_that_hangs_does_not_delay_the_end(own_gateway: Program) -> None:
    gateway = GatewayClient(own_gateway.client)
    with ThreadPoolExecutor(2) as callers:
        hangs = callers.submit(gateway.charge, "a", "order-a", method="tok_timeout_after_charge")
        own_gateway.wait_until(lambda: gateway.ledger("order-a") != [])

        status, seconds = own_gateway.terminate()

        assert problem_of(hangs.result()) == (503, "stopping")
    assert status == 0
    assert seconds < 2
    assert "Traceback" not in own_gateway.log.read_text()


def test_a_request_ends_when_its_caller_has_gone(own_gateway: Program) -> None:
    gateway = GatewayClient(own_gateway.client)
    with pytest.raises(httpx.ReadTimeout):
        gateway.charge("a", "order-a", method="tok_timeout_after_charge", timeout_s=0.3)

    status, _ = own_gateway.terminate()

    assert status == 0
    assert "Cancel" not in own_gateway.log.read_text(), "nothing was left to cut off"


def test_the_identity_provider_ends_at_once(own_identity: Program) -> None:
    status, seconds = own_identity.terminate()

    assert status == 0
    assert seconds < 2
    assert len(own_identity.log.read_text().splitlines()) == 1, "quiet: one line in a normal life"
