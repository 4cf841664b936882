"""The pipeline is harmless, bounded, and made of commands that anybody can run."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
LONGEST_MIN = 90

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text())


def jobs(path: Path) -> list[dict[str, Any]]:
    return list(read(path)["jobs"].values())


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path) for step in job.get("steps", [])]


def test_there_is_a_workflow_for_each_stage() -> None:
    assert [path.stem for path in WORKFLOWS] == ["images", "kubernetes", "promote", "test"]


@each
def test_every_action_is_pinned_by_commit_and_tells_its_version(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text())

    assert used
    for action in used:
        pinned = r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
        assert re.fullmatch(rf"{pinned}|\$/\.github/workflows/\w+\.yaml", action), action


def test_one_action_has_one_version_everywhere() -> None:
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: (\S+@\S+)", path.read_text())}

    names = [use.partition("@")[0] for use in used]

    assert len(names) == len(set(names))


@each
def test_a_workflow_may_nothing_and_a_job_what_it_names(path: Path) -> None:
    assert read(path)["permissions"] == {}
    for job in jobs(path):
        assert set(job["permissions"].values()) <= {"read", "write"}
        assert job["permissions"].keys() <= {"contents", "packages", "id-token", "pull-requests"}


@each
def test_only_what_is_on_main_may_write(path: Path) -> None:
    started_by = read(path)[True]
    writes = [job for job in jobs(path) if "write" in job["permissions"].values()]

    if writes:
        assert started_by.keys() <= {"push", "workflow_dispatch"}
        assert started_by.get("push", {"branches": ["main"]})["branches"] == ["main"]
    assert "pull_request_target" not in started_by
    assert "workflow_run" not in started_by


@each
def test_every_job_ends_and_none_runs_twice_at_a_time(path: Path) -> None:
    assert read(path)["concurrency"]["group"]
    for job in jobs(path):
        assert "uses" in job or 0 < job["timeout-minutes"] <= LONGEST_MIN


@each
def test_a_checkout_leaves_no_credentials_for_later_steps(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each
def test_no_expression_becomes_part_of_a_command(path: Path) -> None:
    for step in steps(path):
        assert "${{" not in step.get("run", "")


def test_every_command_is_one_that_a_person_can_run() -> None:
    targets = set(re.findall(r"(?m)^([a-z0-9-]+):", (ROOT / "Makefile").read_text()))

    commands = [step["run"] for path in WORKFLOWS for step in steps(path) if "run" in step]

    assert len(commands) > len(WORKFLOWS)
    for command in commands:
        if command == ".ci/run":
            assert (ROOT / command).stat().st_mode & 0o111
        else:
            assert re.match(r"make (\S+)", command), command
            assert command.split()[1] in targets, command


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).parent / "zizmor"
    command = (str(zizmor), "--offline", "--no-progress", "--quiet", ".github")

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
