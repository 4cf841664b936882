"""One installation for all tests of the cluster; each test leaves it as it was.

`python -m tests.k8s` sets what tests/k8s/settings.py reads.
"""

import asyncio
import os
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.k8s.cluster import Cluster
from tests.k8s.crowd import Carried, measured
from tests.k8s.report import Results, Row
from tests.k8s.settings import Settings

_PASSED: Final = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def settings() -> Settings:
    """What the command line said."""
    return Settings.from_env(os.environ)


@pytest.fixture(scope="session")
def cluster(settings: Settings) -> Cluster:
    """The namespace with the installation."""
    return Cluster.from_env(settings.place.namespace)


@pytest.fixture(scope="session")
def carried(cluster: Cluster) -> Carried:
    """What the cluster carries before anything is done to it."""
    return asyncio.run(measured(cluster))


@dataclass(slots=True)
class Told:
    """What a test has to say for the page."""

    load: str = "-"
    figure: str = ""

    def add(self, figure: str) -> None:
        """Say one more thing."""
        self.figure = f"{self.figure}; {figure}" if self.figure else figure


@pytest.fixture
def told(request: pytest.FixtureRequest, settings: Settings) -> Generator[Told]:
    """Collect it, and keep it as a row when the test is over."""
    told = Told()
    yield told
    node = request.node
    Results(settings.results).add(
        Row(
            test=node.nodeid.partition("::")[2],
            feature=node.module.FEATURE,
            procedure=node.function.__doc__ or "",
            load=told.load,
            figure=told.figure or "nothing was measured",
            passed=node.stash.get(_PASSED, False),
            at=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        )
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test itself passed, for the row."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report
