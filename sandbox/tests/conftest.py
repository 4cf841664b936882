"""Both sandboxes as real processes: one of each for all tests, own ones for tests that end them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from sandbox.tests.browser import ARGUMENTS, Browser
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


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """An identity provider that browsers may sign in at."""
    keys = tmp_path_factory.mktemp("provider") / "keys.json"
    with Program(IDENTITY, keys, arguments=ARGUMENTS) as program:
        yield program


@pytest.fixture
def browser(provider: Program) -> Iterator[Browser]:
    """A browser that has never been here."""
    browser = Browser(str(provider.client.base_url))
    with browser.http:
        yield browser


@pytest.fixture
def other_browser(provider: Program) -> Iterator[Browser]:
    """Somebody else's."""
    browser = Browser(str(provider.client.base_url))
    with browser.http:
        yield browser


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
