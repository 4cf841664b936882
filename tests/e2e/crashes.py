"""An app that dies at the worst moment: its step is saved, nobody has been told."""

from tests.waiting import wait_until
from tools.stack import Stack

KILL_FILE = "kill"
"""In a stack's folder; every app of the stack looks at it (cafe_kit/faults.py)."""


def kill_before(stack: Stack, topic: str) -> None:
    """Have the app that publishes this topic next kill itself (SIGKILL) instead, once."""
    (stack.folder.path / KILL_FILE).write_text(topic)


async def died(stack: Stack, app: str) -> None:
    """Wait until the app is gone, as it was told."""
    process = stack.processes[app]
    await wait_until(lambda: process.alive, lambda alive: not alive, what=f"death of {app}")
    assert process.exit_text == "signal SIGKILL"
    stack.kill(app)
