"""For all tests, of every package."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def default_logging() -> None:
    """Whatever another test has configured, lines of every level can be captured."""
    structlog.reset_defaults()
