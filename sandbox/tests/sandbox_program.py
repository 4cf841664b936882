"""A sandbox as a process of its own on a free port, and a client that speaks its API."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

GATEWAY = "cafe_sandbox.payment_gateway"
IDENTITY = "cafe_sandbox.identity"
START_S = 20.0
POLL_S = 0.02


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


class Program:
    """One running sandbox; as a context manager it is killed at the end."""

    def __init__(
        self,
        module: str,
        data: Path,
        environment: dict[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.data = data
        self.log = data.parent.with_suffix(".log")
        self.client = httpx.Client(trust_env=False, timeout=10)
        self._module = module
        self._arguments = arguments
        self._environment = {**os.environ, "ENVIRONMENT": "development", **(environment or {})}
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.client.close()

    def start(self) -> None:
        """Start on a free port with the same data, and wait until it answers."""
        port = free_port()
        self.client.base_url = f"http://127.0.0.1:{port}"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command(self._module, "--port", port, "--data", self.data, *self._arguments),
                stderr=log,
                env=self._environment,
            )
        self.wait_until(self._is_live)

    def kill(self) -> None:
        """End it as kill -9 does."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; give the exit status and the seconds it took."""
        started = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=START_S), time.monotonic() - started

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Ask again and again until it holds; fail when the program ends or time is over."""
        deadline = time.monotonic() + START_S
        while not condition():
            assert time.monotonic() < deadline, f"not within {START_S} s: {self.log.read_text()}"
            try:
                status = self._process.wait(timeout=POLL_S)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"ended with {status}: {self.log.read_text()}")

    def _is_live(self) -> bool:
        try:
            return self.client.get("/livez").status_code == 200
        except httpx.TransportError:
            return False


class GatewayClient:
    """The payment gateway's API in one method per route."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def charge(
        self,
        key: str,
        reference: str,
        *,
        amount: int = 4500,
        method: str = "tok_ok",
        timeout_s: float = 10,
    ) -> httpx.Response:
        body: dict[str, Any] = {
            "amount": amount,
            "currency": "KRW",
            "payment_method": method,
            "reference": reference,
        }
        headers = {"Idempotency-Key": key}
        return self.http.post("/v1/charges", json=body, headers=headers, timeout=timeout_s)

    def refund(self, key: str, reference: str, *, reason: str = "cancelled") -> httpx.Response:
        body = {"reference": reference, "reason": reason}
        return self.http.post("/v1/refunds", json=body, headers={"Idempotency-Key": key})

    def ledger(self, reference: str) -> list[tuple[str, int]]:
        """Give kind and amount of every entry of the reference."""
        answer = self.http.get("/v1/ledger", params={"reference": reference})
        assert answer.status_code == 200
        return [(entry["kind"], entry["amount"]) for entry in answer.json()["entries"]]

    def behave(self, mode: str, delay_ms: int | None = None) -> None:
        body = {"mode": mode, "delay_ms": delay_ms}
        assert self.http.put("/v1/behaviour", json=body).status_code == 200


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Give status and type (its last part) of an answer that must be a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert set(body) == {"type", "title", "status", "detail"}
    return answer.status_code, body["type"].rpartition(":")[2]
