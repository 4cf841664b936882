"""One installation for all tests of the cluster; each test leaves it as it was.

`python -m tests.k8s` sets what tests/k8s/settings.py reads.
"""

import asyncio
import os
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

from tests.k8s.cluster import Cluster
from tests.k8s.crowd import Carried, measured
from tests.k8s.report import Results, Row, stamp
from tests.k8s.settings import Settings


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

    def not_seen(self, why: str) -> NoReturn:
        """Say why this cluster cannot show it: the row is not told as passed."""
        self.add(why)
        pytest.skip(why)


@pytest.fixture
def told() -> Told:
    """Collect it; it is kept as a row when the test is over."""
    return Told()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a row of each test on the cluster, also of one whose fixtures have failed."""
    report = yield
    over = call.when == "call" or (call.when == "setup" and not report.passed)
    if over and item.get_closest_marker("k8s") and "K8S_RESULTS" in os.environ:
        _keep(item, report)
    return report


def _keep(test: Any, report: pytest.TestReport) -> None:
    told = test.funcargs.get("told", Told())
    Results(Settings.from_env(os.environ).results).add(
        Row(
            test=test.nodeid.partition("::")[2],
            feature=test.module.FEATURE,
            procedure=test.function.__doc__ or "",
            load=told.load,
            figure=told.figure or "nothing was measured",
            outcome=report.outcome,
            at=stamp(),
        )
    )
