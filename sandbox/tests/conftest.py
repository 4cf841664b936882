"""Both sandboxes as real processes: one of each for all tests, own ones for tests that end them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from sandbox.tests.sandbox_program import GATEWAY, IDENTITY, GatewayClient, Program


@pytest.fixture(scope="session")
def gateway_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(GATEWAY, tmp_path_factory.mktemp("gateway") / "new" / "ledger.db") as program:
        yield program


@pytest.fixture
def gateway(gateway_program: Program) -> Iterator[GatewayClient]:
    """A client on the gateway, which behaves normally again after the test."""
    client = GatewayClient(gateway_program.client)
    yield client
    client.behave("normal")


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(IDENTITY, tmp_path_factory.mktemp("identity") / "new" / "keys.json") as program:
        yield program


@pytest.fixture
def own_gateway(tmp_path: Path) -> Iterator[Program]:
    with Program(GATEWAY, tmp_path / "ledger.db") as program:
        yield program


@pytest.fixture
def own_identity(tmp_path: Path) -> Iterator[Program]:
    with Program(IDENTITY, tmp_path / "keys.json") as program:
        yield program


@pytest.fixture
def reference() -> str:
    return f"order-{uuid4().hex}"
