"""Finds daprd and the scheduler, or builds them from tools/dapr; the CLI from tools/dapr-cli.

    python -m tools.build_dapr [--cli]        prints the paths

Look-up: PATH, ~/.dapr/bin (`dapr init`), then ${XDG_CACHE_HOME:-~/.cache}/cafe, where builds go,
one folder per version and recipe. A daprd must be of the pinned version or newer; the scheduler,
which cannot tell its version, is taken from beside it.
"""

import argparse
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tools.go_build import Target, Toolchain, build, parse_version, version_of
from tools.terminal import Say, StackError, say

RUNTIME = Target(
    folder="dapr",
    module="github.com/dapr/dapr",
    programs={
        "daprd": "./daprd",
        "scheduler": "github.com/dapr/dapr/cmd/scheduler",
    },
    version_variable="github.com/dapr/dapr/pkg/buildinfo.version",
    cold_gib=7,
    flags=("-tags", "stablecomponents"),
)
CLI = Target(
    folder="dapr-cli",
    module="github.com/dapr/cli",
    programs={"dapr": "github.com/dapr/cli"},
    version_variable="main.version",
    cold_gib=5,
)


@dataclass(frozen=True)
class Machine:
    """Where programs are looked for and put; a test brings a poorer one."""

    path: str = field(default_factory=lambda: os.environ.get("PATH", ""))
    dapr_bin: Path = field(default_factory=lambda: Path.home() / ".dapr" / "bin")
    cache: Path = field(
        default_factory=lambda: (
            Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cafe"
        )
    )
    toolchain: Toolchain = field(default_factory=Toolchain)

    def home(self, target: Target) -> Path:
        """Return the folder of the builds of this version and recipe."""
        return self.cache / f"{target.folder}-{target.version}-{target.recipe}"

    def find_runtime(self) -> tuple[dict[str, Path], list[str]]:
        """Return {"daprd": path, "scheduler": path} as far as found, and what is too old."""
        too_old: list[str] = []
        built = self.home(RUNTIME)
        on_path = [Path(folder) for folder in self.path.split(os.pathsep) if folder]
        for folder in (*on_path, self.dapr_bin, built):
            daprd = folder / "daprd"
            if not daprd.is_file():
                continue
            version = version_of((str(daprd), "--version"))
            if version < parse_version(RUNTIME.version):
                too_old.append(f"{daprd} is {'.'.join(map(str, version)) or 'of no version'}")
                continue
            schedulers = [home / "scheduler" for home in (folder, built)]
            scheduler = next((path for path in schedulers if path.is_file()), None)
            return {"daprd": daprd} | ({"scheduler": scheduler} if scheduler else {}), too_old
        return {}, too_old


def ensure_runtime(tell: Say = say, machine: Machine | None = None) -> dict[str, Path]:
    """Return {"daprd": path, "scheduler": path}, built first where missing.

    Raises StackError in one sentence: too old and no way to build, no Go and no wheel, disk
    full, network away.
    """
    machine = machine or Machine()
    found, too_old = machine.find_runtime()
    missing = [name for name in RUNTIME.programs if name not in found]
    if missing:
        try:
            build(RUNTIME, missing, machine.home(RUNTIME), machine.toolchain, tell)
        except StackError as error:
            old = f" ({'; '.join(too_old)}: too old)" if too_old else ""
            names = " and ".join(missing)
            raise StackError(
                f"Dapr {RUNTIME.version} or newer is needed{old} and {names} cannot be built:"
                f" {error}."
            ) from error
    return found | {name: machine.home(RUNTIME) / name for name in missing}


def ensure_cli(tell: Say = say, machine: Machine | None = None) -> Path:
    """Return the pinned Dapr command line, built first if missing; raises as ensure_runtime."""
    machine = machine or Machine()
    program = machine.home(CLI) / "dapr"
    if not program.is_file():
        try:
            build(CLI, ["dapr"], machine.home(CLI), machine.toolchain, tell)
        except StackError as error:
            raise StackError(f"The Dapr CLI {CLI.version} cannot be built: {error}.") from error
    return program


def main() -> int:
    """Parse the command line, print one path per line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cli", action="store_true", help="the Dapr command line too")
    arguments = parser.parse_args()
    try:
        paths = list(ensure_runtime().values())
        if arguments.cli:
            paths.append(ensure_cli())
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(*paths, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
