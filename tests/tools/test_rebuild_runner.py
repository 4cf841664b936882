"""`make up` follows the plan of a rebuild: a second mypage-svc comes, takes over, and goes."""

import json
import os
import signal
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.tools.stand_ins import processes_in, ready, runner, write_run_file
from tests.waiting import wait_until
from tools.rebuild_plan import APP_ID, GUEST, Plan, read, write

pytestmark = pytest.mark.real
Services = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Generator[Path]:
    """A folder for one stack; what a failed test leaves running there is killed."""
    write_run_file(tmp_path)
    yield tmp_path
    for pid in processes_in(tmp_path):
        os.kill(pid, signal.SIGKILL)


async def test_the_second_process_fills_and_the_first_one_changes_over(folder: Path) -> None:
    with runner(folder):
        before = (await ready(folder))["services"][APP_ID]

        write(folder / "run", Plan("1", "7"))
        guest = (await once(folder, lambda all_: GUEST in all_))[GUEST]
        filling = told(guest["app_pid"]) | told(guest["daprd_pid"])
        write(folder / "run", Plan("7", "7"))
        after = (await once(folder, lambda all_: all_[APP_ID] != before))[APP_ID]
        write(folder / "run", Plan("7"))
        await once(folder, lambda all_: GUEST not in all_)

        served = {"GENERATION": "7", "CATCH_UP_QUIET_S": "0", "PAGE_GROUP": "mypage-svc-7"}
        assert filling == served | {"CATCH_UP_QUIET_S": "6.0"}
        assert told(after["app_pid"]) | told(after["daprd_pid"]) == served
        assert (after["url"], after["dapr_http"]) == (before["url"], before["dapr_http"])
        assert not {guest["app_pid"], guest["daprd_pid"]} & set(processes_in(folder))


@pytest.mark.parametrize("half", ["app_pid", "daprd_pid"])
async def test_a_second_process_that_dies_is_not_started_again_and_takes_its_half_along(
    folder: Path, half: str
) -> None:
    with runner(folder) as up:
        before = (await ready(folder))["services"]
        write(folder / "run", Plan("1", "7"))
        guest = (await once(folder, lambda all_: GUEST in all_))[GUEST]

        os.kill(guest[half], signal.SIGKILL)

        assert await once(folder, lambda all_: GUEST not in all_) == before
        assert not {guest["app_pid"], guest["daprd_pid"]} & set(processes_in(folder))
        up.send_signal(signal.SIGTERM)
        said, _ = up.communicate()
    name = GUEST if half == "app_pid" else f"{GUEST}.daprd"
    assert f"{name} died (signal SIGKILL)." in said
    assert f"{name} died (signal SIGKILL) and is started again." not in said


async def test_a_restarted_stack_serves_what_was_served_and_has_no_second_process(
    folder: Path,
) -> None:
    (folder / "run").mkdir()
    write(folder / "run", Plan("7", "8"))

    with runner(folder):
        services = (await ready(folder))["services"]

        assert told(services[APP_ID]["app_pid"])["GENERATION"] == "7"
        assert GUEST not in services
        assert read(folder / "run") == Plan("7")


async def once(folder: Path, holds: Callable[[Services], bool]) -> Services:
    """Return the services of stack.json as soon as this holds of them."""

    def services() -> Services | None:
        with suppress(FileNotFoundError):
            return json.loads((folder / "run" / "stack.json").read_text())["services"]
        return None

    found = await wait_until(
        services,
        lambda all_: all_ is not None and holds(all_),
        what="the processes of the plan",
        timeout_s=30,
    )
    assert found is not None
    return found


def told(pid: int) -> dict[str, str]:
    """Return what a process was told of generations."""
    env = Path(f"/proc/{pid}/environ").read_text().split("\0")
    names = ("GENERATION", "CATCH_UP_QUIET_S", "PAGE_GROUP")
    return dict(pair.split("=", 1) for pair in env if pair.startswith(names))
