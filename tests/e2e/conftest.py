"""One real stack for all stories: real apps, sidecars, broker and scheduler on random ports."""

from collections.abc import AsyncGenerator, Generator
from typing import Any

import httpx
import pytest

from tests.e2e.cafe import Cafe
from tests.waiting import wait_until
from tools.launch import random_stack
from tools.stack import Stack

LOG_LINES_SHOWN = 8


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Start everything once; a process that dies by itself fails the run."""
    with random_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack
        _no_deaths(stack)


@pytest.fixture
async def cafe(stack: Stack) -> AsyncGenerator[Cafe]:
    """Everything is up when a story begins, whatever the one before has hurt."""
    stack.heal()
    async with httpx.AsyncClient(timeout=10) as http:
        # An open breaker, and the back-off of a lost connection, outlast the return of cafe-svc.
        menu = f"http://127.0.0.1:{stack.topology.ports['order-svc.http']}/menus?cafe_id=gangnam"
        await wait_until(
            lambda: http.get(menu, headers={"dapr-app-id": "cafe-svc"}),
            lambda answer: answer.is_success,
            what="order-svc's way to the menu",
            timeout_s=45,
        )
        yield Cafe(stack.folder.running(), http)
    _no_deaths(stack)


def _no_deaths(stack: Stack) -> None:
    stack.tick()
    deaths, stack.deaths = stack.deaths, []
    assert not deaths, f"{'; '.join(deaths)}\n{stack.logs()}"


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
