"""What `make up` prints and what `make demo` plays works on a running stack."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cafe import Cafe
from tests.waiting import wait_until
from tools.launch import ROOT
from tools.stack import Stack
from tools.up import curl_lines

pytestmark = pytest.mark.e2e


def run(*command: str, run_dir: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "RUN_DIR": str(run_dir)}
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )


async def test_the_printed_lines_place_follow_and_serve_an_order(cafe: Cafe, stack: Stack) -> None:
    place, follow, serve = curl_lines(stack)
    placed = run("bash", "-c", place, run_dir=stack.folder.path)
    order_id = placed.stdout.strip()
    ana = cafe.as_("ana", "customer")
    page = await wait_until(
        lambda: ana.get("mypage-svc", f"/my-pages/{order_id}"),
        lambda answer: answer.is_success and answer.json()["order_status"] == "Paid",
        what="the page",
    )

    followed = run("bash", "-c", f"ORDER={order_id}; {follow}", run_dir=stack.folder.path)
    served = run("bash", "-c", f"ORDER={order_id}; {serve}", run_dir=stack.folder.path)

    assert json.loads(followed.stdout)["order_id"] == page.json()["order_id"]
    states = [json.loads(line)["status"] for line in served.stdout.splitlines()]
    assert states == ["ACCEPTED", "MAKING", "READY", "PICKED_UP"]


def test_the_demo_plays_one_order_and_prints_its_page(stack: Stack) -> None:
    stack.heal()

    played = run("make", "--silent", "demo", run_dir=stack.folder.path)

    assert (played.returncode, played.stderr) == (0, "")
    steps, brace, page = played.stdout.partition("{")
    assert len(steps.splitlines()) == 7
    assert json.loads(brace + page)["order_status"] == "Completed"


@pytest.mark.parametrize("tool", [("tools.demo",), ("tools.sign_in", "ana", "customer")])
def test_without_a_stack_a_command_says_so_in_one_sentence(
    tmp_path: Path, tool: tuple[str, ...]
) -> None:
    done = run(sys.executable, "-m", *tool, "--run-dir", str(tmp_path), run_dir=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "No stack is running here; start one with `make up`.\n"
