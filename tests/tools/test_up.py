"""`make up`: it comes up, heals, gives up in one sentence, and never leaves a process behind."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tools.stand_ins import processes_in, ready, runner, write_run_file
from tests.waiting import wait_until

pytestmark = pytest.mark.real


def all_pids(running: dict[str, Any]) -> set[int]:
    others = ("identity", "payment_gateway", "valkey", "scheduler")
    services = running["services"].values()
    return {running[name]["pid"] for name in others} | {
        service[key] for service in services for key in ("app_pid", "daprd_pid")
    }


async def test_stack_json_names_every_process_and_where_it_answers(tmp_path: Path) -> None:
    write_run_file(tmp_path)
    with runner(tmp_path):
        running = await ready(tmp_path)

        assert running.keys() == {
            *("gateway", "identity", "payment_gateway", "valkey", "scheduler", "services")
        }
        assert running["gateway"] is None
        assert running["identity"].keys() == running["payment_gateway"].keys() == {"url", "pid"}
        assert running["valkey"].keys() == {"port", "pid"}
        assert list(running["services"]) == ["order-svc", "payment-svc", "cafe-svc", "mypage-svc"]
        for service in running["services"].values():
            assert service.keys() == {"url", "dapr_http", "app_pid", "daprd_pid"}
        assert all_pids(running) == set(processes_in(tmp_path))


async def test_a_killed_process_is_started_again_and_stack_json_says_so(tmp_path: Path) -> None:
    write_run_file(tmp_path)
    with runner(tmp_path) as up:
        before = await ready(tmp_path)
        killed = before["services"]["payment-svc"]["app_pid"]

        os.kill(killed, signal.SIGKILL)

        def changed(running: dict[str, Any]) -> bool:
            return running["services"]["payment-svc"]["app_pid"] != killed

        after = await wait_until(lambda: _read(tmp_path), changed, what="the new pid")
        up.send_signal(signal.SIGTERM)
        said, _ = up.communicate()
    after["services"]["payment-svc"]["app_pid"] = killed
    assert after == before
    assert "payment-svc died (signal SIGKILL) and is started again." in said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_ctrl_c_and_its_relatives_stop_everything(
    tmp_path: Path, how: signal.Signals
) -> None:
    write_run_file(tmp_path)
    with runner(tmp_path) as up:
        await ready(tmp_path)

        up.send_signal(how)
        said, complained = up.communicate(timeout=30)

    assert (up.returncode, complained) == (0, "")
    assert said.endswith("Stopped.\n")
    assert processes_in(tmp_path) == []
    assert not (tmp_path / "run" / "stack.json").exists()


async def test_not_even_kill_9_of_the_runner_leaves_a_process(tmp_path: Path) -> None:
    write_run_file(tmp_path)
    with runner(tmp_path) as up:
        running = await ready(tmp_path)
        os.kill(running["services"]["cafe-svc"]["daprd_pid"], signal.SIGSTOP)  # the stubborn case

        up.kill()

        await wait_until(lambda: processes_in(tmp_path), lambda pids: not pids, what="the orphans")


async def test_a_second_up_names_what_runs_and_leaves_it_alone(tmp_path: Path) -> None:
    write_run_file(tmp_path)
    with runner(tmp_path):
        running = await ready(tmp_path)

        with runner(tmp_path) as second:
            said, complained = second.communicate(timeout=20)

        assert (second.returncode, said) == (1, "")
        assert complained.count("\n") == 1
        assert "already running" in complained
        for service in running["services"].values():
            assert service["url"] in complained
        assert _read(tmp_path) == running
        assert set(processes_in(tmp_path)) == all_pids(running)


async def test_what_a_killed_runner_left_in_the_folder_does_not_stop_the_next(
    tmp_path: Path,
) -> None:
    write_run_file(tmp_path)
    with runner(tmp_path) as first:
        stale = await ready(tmp_path)
        first.kill()
        await wait_until(lambda: processes_in(tmp_path), lambda pids: not pids, what="the orphans")

    with runner(tmp_path):
        running = await wait_until(
            lambda: _read(tmp_path), lambda now: now not in ({}, stale), what="a new stack.json"
        )

        assert all_pids(running) == set(processes_in(tmp_path))


def test_a_process_that_dies_three_times_ends_the_stack_with_its_last_words(tmp_path: Path) -> None:
    write_run_file(tmp_path, (sys.executable, "-c", "raise SystemExit('the till is jammed')"))
    with runner(tmp_path) as up:
        _, complained = up.communicate(timeout=30)

    assert up.returncode == 1
    assert complained.startswith("order-svc died (exit code 1) 3 times within a minute.")
    assert "the till is jammed" in complained
    assert processes_in(tmp_path) == []


def _read(folder: Path) -> dict[str, Any]:
    file = folder / "run" / "stack.json"
    return json.loads(file.read_text()) if file.exists() else {}
