"""`fresh`: what the services say today, generated once."""

import asyncio

import pytest

from tools.contracts.generate import Contracts, generate


@pytest.fixture(scope="session")
def fresh() -> Contracts:
    return asyncio.run(generate())
