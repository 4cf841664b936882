"""What a transition leaves behind for operators: one line, and one count."""

from prometheus_client import REGISTRY
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from cafe_kit.events import Cause
from cafe_kit.memory_sidecar import MemorySidecar
from kit.tests.lamp import Install, InstallLit, lamps

INSTALL = Cause("install-1")


async def test_the_line_of_a_transition_names_the_aggregate(sidecar: MemorySidecar) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        await lamps(sidecar).update("lamp-1", InstallLit(), INSTALL)

    assert lines == [
        {
            "event": "transition",
            "log_level": "info",
            "subject": "lamp-1",
            "kind": "lamp",
            "trigger": "InstallLit",
            "status": "ON",
            "version": 2,
            "says": ["lamp.Installed.v1", "lamp.Lit.v1"],
        }
    ]


async def test_a_transition_is_counted_once_and_a_repetition_is_not(
    sidecar: MemorySidecar,
) -> None:
    labels = {"kind": "lamp", "trigger": "Install", "after": "OFF"}
    before = REGISTRY.get_sample_value("cafe_transitions_total", labels) or 0

    await lamps(sidecar).update("lamp-1", Install(), INSTALL)
    await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert REGISTRY.get_sample_value("cafe_transitions_total", labels) == before + 1
