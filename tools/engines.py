"""Container engines: the commands by which docker, podman and buildah build, push and measure."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.terminal import StackError

KINDS = ("docker", "podman", "buildah")
EPOCH: Final = 315_532_800
"""Seconds since 1970 of the first day that a zip file can name: the age of every file."""
EPOCH_ARGUMENT: Final = f"SOURCE_DATE_EPOCH={EPOCH}"
_UNITS = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass(frozen=True)
class Build:
    """One thing to build: a Dockerfile, its arguments as NAME=value, and the image's names."""

    dockerfile: str
    arguments: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Engine:
    """A container engine: its command, which may have flags of its own, and flags for builds."""

    command: tuple[str, ...]
    build_flags: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return docker, podman or buildah."""
        return Path(self.command[0]).name

    def build_command(self, build: Build) -> list[str]:
        """Return the command that builds into the engine's own store."""
        if self.kind == "docker":
            return [*self.command, "build", *self._arguments(build, EPOCH_ARGUMENT)]
        return [*self.command, "build", "--layers", f"--timestamp={EPOCH}", *self._arguments(build)]

    def push_command(self, build: Build, report: Path) -> list[str]:
        """Return the command that builds and pushes, with an SBOM and the provenance beside it.

        `report` is a file where docker's buildx says what it pushed.
        """
        return [
            *(*self.command, "buildx", "build", f"--metadata-file={report}"),
            *("--sbom=true", "--provenance=mode=max"),
            "--output=type=image,push=true,rewrite-timestamp=true,oci-mediatypes=true",
            *self._arguments(build, EPOCH_ARGUMENT),
        ]

    def _arguments(self, build: Build, *more: str) -> list[str]:
        return [
            *(f"--tag={tag}" for tag in build.tags),
            *(f"--build-arg={argument}" for argument in (*build.arguments, *more)),
            *(*self.build_flags, f"--file={build.dockerfile}", "."),
        ]

    def build(self, build: Build, folder: Path) -> None:
        """Build; the engine's own lines are the progress. StackError says that it failed."""
        _run(self.build_command(build), folder)

    def push(self, build: Build, folder: Path) -> str:
        """Build, push and return the digest of what was pushed; docker with buildx only."""
        if self.kind != "docker":
            raise StackError("pushing with SBOM and provenance needs docker's buildx")
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch) / "report.json"
            _run(self.push_command(build, report), folder)
            return json.loads(report.read_text())["containerimage.digest"]

    def digest(self, reference: str) -> str | None:
        """Return the digest that the registry has for a name, None if it has none."""
        show = ("buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}")
        return self._ask(*show, reference)

    def size(self, reference: str) -> float | None:
        """Return the bytes of an image in the engine's store, None if it is not there."""
        show = ("image", "inspect", "--format", "{{.Size}}")
        if self.kind == "buildah":
            show = ("images", "--format", "{{.Size}}")
        lines = (self._ask(*show, reference) or "").splitlines()
        # buildah prints a line for each of the image's names.
        return parse_size(lines[0]) if lines else None

    def pull(self, reference: str) -> bool:
        """Fetch an image into the engine's store; False if no registry gives it."""
        return self._ask("pull", reference) is not None

    def works(self) -> bool:
        """Tell whether the engine is there and answers; docker without its daemon does not."""
        return self._ask("version") is not None

    def _ask(self, *arguments: str) -> str | None:
        command = (*self.command, *arguments)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return None
        return None if done.returncode else done.stdout.strip()


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode:
        raise StackError(f"{command[0]} could not build it; its last lines say why")


def parse_size(text: str) -> float:
    """Return the bytes of "52.2 MB" or "52200000"; ValueError if it is neither."""
    found = re.fullmatch(r"([\d.]+)\s*([kKMG]?B)?", text)
    if found is None:
        raise ValueError(f"not a size: {text}")
    return float(found[1]) * _UNITS[found[2] or ""]


def find_engine(candidates: Iterable[Engine]) -> Engine:
    """Return the first one that works; StackError if none does."""
    tried: list[str] = []
    for engine in candidates:
        if engine.kind not in KINDS:
            raise StackError(f"{engine.kind} is none of {', '.join(KINDS)}")
        if engine.works():
            return engine
        tried.append(engine.kind)
    raise StackError(
        f"no container engine answers (tried {', '.join(tried)}): install or start one of them,"
        " or name it with its flags: make images ENGINE='podman --remote'"
    )
