"""`make up`: it comes up, heals, gives up in one sentence, and never leaves a process behind."""

import json
import os
import re
import signal
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.tools.stand_ins import processes_in, ready, runner, write_run_file
from tests.waiting import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def folder(tmp_path: Path) -> Generator[Path]:
    """A folder for one stack; what a failed test leaves running there is killed."""
    yield tmp_path
    for pid in processes_in(tmp_path):
        os.kill(pid, signal.SIGKILL)


def all_pids(running: dict[str, Any]) -> set[int]:
    others = ("gateway", "identity", "payment_gateway", "valkey", "scheduler")
    services = running["services"].values()
    return {running[name]["pid"] for name in others} | {
        service[key] for service in services for key in ("app_pid", "daprd_pid")
    }


async def test_stack_json_names_every_process_and_where_it_answers(folder: Path) -> None:
    write_run_file(folder)
    with runner(folder):
        running = await ready(folder)

        assert running.keys() == {
            *("gateway", "identity", "payment_gateway", "valkey", "scheduler", "services")
        }
        for name in ("gateway", "identity", "payment_gateway"):
            assert running[name].keys() == {"url", "pid"}
        assert running["valkey"].keys() == {"port", "pid"}
        assert list(running["services"]) == ["order-svc", "payment-svc", "cafe-svc", "mypage-svc"]
        for service in running["services"].values():
            assert service.keys() == {"url", "dapr_http", "app_pid", "daprd_pid"}
        assert all_pids(running) == set(processes_in(folder))


@pytest.mark.parametrize(
    ("name", "place", "key"),
    [("payment-svc", ("services", "payment-svc"), "app_pid"), ("gateway", ("gateway",), "pid")],
)
async def test_a_killed_process_is_started_again_and_stack_json_says_so(
    folder: Path, name: str, place: tuple[str, ...], key: str
) -> None:
    write_run_file(folder)
    with runner(folder) as up:
        before = await ready(folder)
        killed = _at(before, place)[key]

        os.kill(killed, signal.SIGKILL)

        after = await wait_until(
            lambda: _read(folder),
            lambda running: running and _at(running, place)[key] != killed,
            what="the new pid",
        )
        up.send_signal(signal.SIGTERM)
        said, _ = up.communicate()
    _at(after, place)[key] = killed
    assert after == before
    assert f"{name} died (signal SIGKILL) and is started again." in said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_ctrl_c_and_its_relatives_stop_everything(folder: Path, how: signal.Signals) -> None:
    write_run_file(folder)
    with runner(folder) as up:
        await ready(folder)

        up.send_signal(how)
        said, complained = up.communicate(timeout=30)

    assert (up.returncode, complained) == (0, "")
    assert said.endswith("Stopped.\n")
    assert processes_in(folder) == []
    assert not (folder / "run" / "stack.json").exists()


async def test_not_even_kill_9_of_the_runner_leaves_a_process(folder: Path) -> None:
    write_run_file(folder)
    with runner(folder) as up:
        running = await ready(folder)
        os.kill(running["services"]["cafe-svc"]["daprd_pid"], signal.SIGSTOP)  # the stubborn case

        up.kill()

        await wait_until(lambda: processes_in(folder), lambda pids: not pids, what="the orphans")


async def test_a_second_up_names_what_runs_and_leaves_it_alone(folder: Path) -> None:
    write_run_file(folder)
    with runner(folder):
        running = await ready(folder)

        with runner(folder) as second:
            said, complained = second.communicate(timeout=20)

        assert (second.returncode, said) == (1, "")
        assert complained.count("\n") == 1
        assert "already running" in complained
        for service in running["services"].values():
            assert service["url"] in complained
        assert _read(folder) == running
        assert set(processes_in(folder)) == all_pids(running)


async def test_what_a_killed_runner_left_in_the_folder_does_not_stop_the_next(
    folder: Path,
) -> None:
    write_run_file(folder)
    with runner(folder) as first:
        stale = await ready(folder)
        first.kill()
        await wait_until(lambda: processes_in(folder), lambda pids: not pids, what="the orphans")

    with runner(folder):
        running = await wait_until(
            lambda: _read(folder), lambda now: now not in ({}, stale), what="a new stack.json"
        )

        assert all_pids(running) == set(processes_in(folder))


def test_a_process_that_dies_three_times_ends_the_stack_with_its_last_words(folder: Path) -> None:
    write_run_file(folder, (sys.executable, "-c", "raise SystemExit('the till is jammed')"))
    with runner(folder) as up:
        _, complained = up.communicate(timeout=30)

    assert up.returncode == 1
    assert re.match(r"[a-z]+-svc died \(exit code 1\) 3 times within a minute\.", complained)
    assert "the till is jammed" in complained
    assert processes_in(folder) == []


def _at(running: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    for step in place:
        running = running[step]
    return running


def _read(folder: Path) -> dict[str, Any]:
    """Return stack.json, {} if there is none now."""
    with suppress(FileNotFoundError):
        return json.loads((folder / "run" / "stack.json").read_text())
    return {}
