"""Real stacks for all stories: real apps, sidecars, broker and scheduler on random ports.

Most stories share one with the deadlines of production. Stories of deadlines and refunds share a
second one, where these last seconds; their modules put it in the place of the fixture `stack`.
The environment's STORE says where both keep documents: sqlite (or nothing), valkey or postgres.
"""

import os
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.cafe import SLOW_MACHINE, Cafe
from tests.e2e.crashes import KILL_FILE
from tests.waiting import wait_until
from tools.components import STORES
from tools.launch import random_stack
from tools.stack import Stack

LOG_LINES_SHOWN = 8
STORE = os.environ.get("STORE", STORES[0])


SHORT = {
    "order-svc": {"PAYMENT_DEADLINE_S": "8", "ACCEPT_DEADLINE_S": "8", "CANCEL_ANSWER_S": "3"},
    "payment-svc": {"REFUND_RETRY_FIRST_S": "0.2", "REFUND_RETRY_MOST_S": "1"},
    "cafe-svc": {"COLLECTION_TIME_S": "3"},
}


@pytest.fixture(scope="session")
def patient_stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """The deadlines of production."""
    yield from _stack(tmp_path_factory.mktemp("stack"), {}, STORE)


@pytest.fixture(scope="session")
def hasty_stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Deadlines of seconds."""
    yield from _stack(tmp_path_factory.mktemp("hasty"), SHORT, STORE)


@pytest.fixture(scope="module")
def other_stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Stack]:
    """Deadlines of seconds, and the store that a test names; gone when its module is done."""
    yield from _stack(tmp_path_factory.mktemp(request.param), SHORT, request.param)


def _stack(folder: Path, settings: Mapping[str, Mapping[str, str]], store: str) -> Generator[Stack]:
    """Start everything once; a process that dies by itself fails the run."""
    # An operator who compares the books reads every order of all stories.
    common = {"LETTER_RETRY_FIRST_S": "2", "CALLER_BURST": "5000"}
    common["FAULT_KILL"] = str(folder / KILL_FILE)
    env = {
        app_id: {**patient, **common, **settings.get(app_id, {})}
        for app_id, patient in SLOW_MACHINE.items()
    }
    with random_stack(folder, app_env=env, store=store) as stack:
        yield stack
        _no_deaths(stack)


@pytest.fixture
def stack(patient_stack: Stack) -> Stack:
    """The stack of this module's stories."""
    return patient_stack


@pytest.fixture
def broker(stack: Stack) -> str:
    """The broker's program; a test that stops it has no meaning where it keeps the documents."""
    if stack.topology.store == "valkey":
        pytest.skip("without its broker this stack has no documents")
    return "valkey"


@pytest.fixture
async def cafe(stack: Stack) -> AsyncGenerator[Cafe]:
    """Everything is up when a story begins, whatever the one before has hurt."""
    (stack.folder.path / KILL_FILE).unlink(missing_ok=True)
    stack.heal()
    async with httpx.AsyncClient(timeout=10) as http:
        # An open breaker, and the back-off of a lost connection, outlast the return of cafe-svc.
        menu = f"http://127.0.0.1:{stack.topology.ports['order-svc.http']}/menus?cafe_id=gangnam"
        headers = {"dapr-app-id": "cafe-svc", **stack.topology.tokens.headers("order-svc")}
        await wait_until(
            lambda: http.get(menu, headers=headers),
            lambda answer: answer.is_success,
            what="order-svc's way to the menu",
            timeout_s=45,
        )
        cafe = Cafe(stack.folder.running(), http)
        await cafe.gateway("normal")
        yield cafe
    _no_deaths(stack)


def _no_deaths(stack: Stack) -> None:
    stack.tick()
    deaths, stack.deaths = stack.deaths, []
    assert not deaths, f"{'; '.join(deaths)}\n{stack.logs()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the ports of `dapr init` goes first: later any connection may hold one of them."""
    items.sort(key=lambda item: item.get_closest_marker("cli") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last log lines of every process beside a failed story."""
    report = yield
    funcargs: dict[str, Any] = getattr(item, "funcargs", {})
    if report.failed and isinstance(stack := funcargs.get("stack"), Stack):
        report.sections.append(("last log lines", stack.logs(LOG_LINES_SHOWN)))
    return report
