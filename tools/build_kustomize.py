"""Finds kustomize, or builds it from tools/kustomize into the cache that daprd is in.

    python -m tools.build_kustomize           prints the path

One on PATH is used if it is of the pinned version or newer.
"""

import shutil
import sys
from pathlib import Path

from tools.build_dapr import Machine
from tools.go_build import Target, build, parse_version, version_of
from tools.terminal import Say, StackError, say

KUSTOMIZE = Target(
    folder="kustomize",
    module="sigs.k8s.io/kustomize/kustomize/v5",
    programs={"kustomize": "sigs.k8s.io/kustomize/kustomize/v5"},
    version_variable="sigs.k8s.io/kustomize/api/provenance.version",
    cold_gib=2,
)


def ensure_kustomize(tell: Say = say, machine: Machine | None = None) -> Path:
    """Return the path of a kustomize that is new enough, built first if there is none.

    Raises StackError in one sentence: no Go and no wheel, disk full, network away.
    """
    machine = machine or Machine()
    on_path = shutil.which("kustomize", path=machine.path)
    if on_path and version_of((on_path, "version")) >= parse_version(KUSTOMIZE.version):
        return Path(on_path)
    program = machine.home(KUSTOMIZE) / "kustomize"
    if not program.is_file():
        try:
            build(KUSTOMIZE, ["kustomize"], program.parent, machine.toolchain, tell)
        except StackError as error:
            raise StackError(
                f"kustomize {KUSTOMIZE.version} or newer is needed and cannot be built: {error}."
            ) from error
    return program


def main() -> int:
    """Print the path."""
    try:
        print(ensure_kustomize(lambda text: print(text, file=sys.stderr, flush=True)))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
