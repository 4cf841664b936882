"""One app's sidecar in memory, a clock that stands still, and an identity provider."""

import pytest

from cafe_kit.auth import TokenVerifier
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from kit.tests.issuer import Issuer
from kit.tests.lamp import SOURCE, ManualClock
from kit.tests.lamp_service import SETTINGS


@pytest.fixture
def dapr(clock: ManualClock) -> MemoryDapr:
    return MemoryDapr(clock=clock)


@pytest.fixture
def sidecar(dapr: MemoryDapr) -> MemorySidecar:
    return dapr.sidecar(SOURCE)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def issuer(dapr: MemoryDapr) -> Issuer:
    issuer = Issuer()
    dapr.apps["identity-provider"] = issuer
    return issuer


@pytest.fixture
def verifier(sidecar: MemorySidecar, clock: ManualClock) -> TokenVerifier:
    """As in production."""
    return TokenVerifier(
        sidecar, clock, issuer=SETTINGS.token_issuer, audience=SETTINGS.token_audience
    )
