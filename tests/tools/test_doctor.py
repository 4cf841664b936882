"""`make doctor` names what is missing: what our commands bring, and what only a person can."""

from dataclasses import replace
from pathlib import Path

import pytest

from tools.build_dapr import Machine
from tools.doctor import Patient, examine
from tools.go_build import GIB, Toolchain


def half_a_gib(_folder: Path) -> int:
    return GIB // 2


@pytest.fixture
def bare(tmp_path: Path) -> Patient:
    """A machine with Python and nothing else, before `make install`."""
    nowhere = str(tmp_path / "bin")
    toolchain = Toolchain(path=nowhere, site_packages=tmp_path)
    machine = Machine(nowhere, tmp_path / "dapr-init", tmp_path / "cache", toolchain)
    return Patient(machine, venv=tmp_path / ".venv")


def test_a_bare_machine_needs_nothing_that_our_own_commands_do_not_bring(bare: Patient) -> None:
    findings = {finding.name: finding for finding in examine(bare)}

    assert {finding.state for finding in findings.values()} <= {"ok", "note"}
    for name, brings in (
        *(("uv", "`make install`"), ("valkey", "`make install`"), ("dapr", "`make up`")),
        ("browser", ".ci/run"),
    ):
        assert findings[name].state == "note"
        assert brings in findings[name].text


def test_a_machine_that_runs_these_tests_has_everything() -> None:
    states = {finding.name: finding.state for finding in examine(Patient())}

    assert states["python"] == states["uv"] == states["valkey"] == states["browser"] == "ok"


def test_an_old_python_is_named_as_missing(bare: Patient) -> None:
    findings = {finding.name: finding for finding in examine(replace(bare, python=(3, 10, 2)))}

    assert findings["python"].state == "MISSING"
    assert "3.10.2; 3.11 or newer is needed" in findings["python"].text


def test_a_disk_too_full_for_the_build_is_named_as_missing(bare: Patient) -> None:
    machine = replace(
        bare.machine, toolchain=replace(bare.machine.toolchain, free_bytes=half_a_gib)
    )

    findings = {finding.name: finding for finding in examine(replace(bare, machine=machine))}

    assert findings["disk"].state == "MISSING"
    assert findings["disk"].text == "0.5 GiB free, 7.0 needed"
