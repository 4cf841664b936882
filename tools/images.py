"""All images of the cafe, built with the container engine that is there.

python -m tools.images [--engine podman] [--base-image REF] [--registry localhost] [--push FILE]

Each is tagged `dev`, and with a digest of what git has of all that goes into it. Times are fixed,
so that the same files give the same layers as far as the engine can. An image that adds more than
LIMIT_MB to its base is an error.
"""

import argparse
import hashlib
import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tools.engines import KINDS, Build, Engine, find_engine
from tools.terminal import StackError, say

ROOT = Path(__file__).resolve().parent.parent
_MB = 1e6
LIMIT_MB: Final = 120
"""What an image may add to its base; the edge has none."""


@dataclass(frozen=True)
class Image:
    """One image: its Dockerfile, the arguments for it, and the paths that go into it."""

    name: str
    dockerfile: str
    inputs: tuple[str, ...]
    arguments: tuple[str, ...] = ()


def _member(name: str, package: str) -> Image:
    dockerfile = "images/service.Dockerfile"
    inputs = ("kit/pyproject.toml", "kit/cafe_kit", f"{name}/pyproject.toml", f"{name}/{package}")
    return Image(name, dockerfile, inputs, (f"SERVICE={name}",))


IMAGES = (
    _member("order-svc", "order_svc"),
    _member("payment-svc", "payment_svc"),
    _member("cafe-svc", "cafe_svc"),
    _member("mypage-svc", "mypage_svc"),
    _member("sandbox", "cafe_sandbox"),
    Image(
        "edge", "images/edge.Dockerfile", ("edge/Caddyfile", "edge/routes.Caddyfile", "edge/web")
    ),
)


@dataclass(frozen=True)
class Version:
    """What git says of the files of one image."""

    tag: str
    revision: str
    """The last commit that changed one of them."""


def version_of(image: Image, base: str, checkout: Path = ROOT) -> Version:
    """Return it; the tag is another when one of the files or the base image is.

    Raises StackError outside of a git checkout.
    """
    paths = ("--", image.dockerfile, ".dockerignore", "requirements.lock", *image.inputs)
    tree = _git(checkout, "ls-tree", "-r", "HEAD", *paths)
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=all", *paths)
    mark = "-dirty" if changed else ""
    digest = hashlib.sha256(f"{base}\n{tree}".encode()).hexdigest()
    revision = _git(checkout, "log", "-1", "--format=%H", *paths).strip()
    return Version(digest[:12] + mark, revision + mark)


def _git(checkout: Path, *arguments: str) -> str:
    command = ("git", "-C", str(checkout), *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"images are tagged by what git has of them: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True)
class Order:
    """What is asked for: the engine, the base image, and under which names."""

    engine: Engine
    base: str
    registry: str
    source: str = ""
    images: tuple[Image, ...] = IMAGES
    checkout: Path = ROOT

    def version_of(self, image: Image) -> Version:
        """Return the version of one image on this base; StackError outside of git."""
        return version_of(image, self.base, self.checkout)

    def build_of(self, image: Image, version: Version, tags: tuple[str, ...]) -> Build:
        """Return what the engine has to do for one image."""
        arguments = (
            *image.arguments,
            f"BASE_IMAGE={self.base}",
            f"SOURCE={self.source}",
            f"REVISION={version.revision}",
            f"VERSION={version.tag}",
        )
        return Build(
            image.dockerfile, arguments, tuple(f"{self.registry}/{image.name}:{t}" for t in tags)
        )


def build_all(order: Order) -> None:
    """Build all images into the engine's store and print what each adds to its base.

    Raises StackError if one cannot be built or measured, or adds more than LIMIT_MB.
    """
    for number, image in enumerate(order.images, start=1):
        version = order.version_of(image)
        build = order.build_of(image, version, (version.tag, "dev"))
        say(f"[{number}/{len(order.images)}] {build.tags[0]}")
        order.engine.build(build, order.checkout)
    added = _added(order)
    say("\n".join(f"{name}  {size_mb:.0f} MB of its own" for name, size_mb in added.items()))
    too_large = [name for name, size_mb in added.items() if size_mb > LIMIT_MB]
    if too_large:
        raise StackError(f"more than {LIMIT_MB} MB of its own: {', '.join(too_large)}")


def _added(order: Order) -> dict[str, float]:
    """Return by name how many MB each image adds to its base; the edge is built from nothing."""
    base = _size(order.engine, order.base)
    added: dict[str, float] = {}
    for image in order.images:
        name = f"{order.registry}/{image.name}:{order.version_of(image).tag}"
        below = 0.0 if image.name == "edge" else base
        added[name] = (_size(order.engine, name) - below) / _MB
    return added


def _size(engine: Engine, reference: str) -> float:
    size = engine.size(reference)
    # docker builds on a base image without keeping it in its store.
    if size is None and engine.pull(reference):
        size = engine.size(reference)
    if size is None:
        raise StackError(f"{engine.kind} does not tell how large {reference} is")
    return size


def push_all(order: Order) -> dict[str, str]:
    """Push what the registry does not have yet; return name@digest of every image."""
    digest = order.engine.digest(order.base)
    if digest is None:
        raise StackError(f"no registry has {order.base}")
    pinned = replace(order, base=f"{order.base}@{digest}")
    return {image.name: _push(pinned, image) for image in order.images}


def _push(order: Order, image: Image) -> str:
    version = order.version_of(image)
    if version.tag.endswith("-dirty"):
        raise StackError(
            f"{image.name} has changes that are not committed; only commits are pushed"
        )
    build = order.build_of(image, version, (version.tag,))
    digest = order.engine.digest(build.tags[0])
    say(f"{build.tags[0]}: {'is there' if digest else 'is built'}")
    digest = digest or order.engine.push(build, order.checkout)
    return f"{order.registry}/{image.name}@{digest}"


def default_base() -> str:
    """Return the base image that the Dockerfiles name themselves."""
    text = (ROOT / IMAGES[0].dockerfile).read_text()
    found = re.search(r"^ARG BASE_IMAGE=(\S+)$", text, re.MULTILINE)
    if found is None:
        raise StackError(f"{IMAGES[0].dockerfile} names no BASE_IMAGE")
    return found[1]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.images", description="Builds all images of the cafe."
    )
    parser.add_argument("--engine", help=f"{', '.join(KINDS)}, with flags if need be")
    parser.add_argument("--flags", default="", help="more flags for each build, in one string")
    parser.add_argument("--base-image", default=default_base(), help="default: %(default)s")
    parser.add_argument("--registry", default="localhost", help="what stands before the names")
    parser.add_argument("--source", default="", help="URL of the sources, for the label")
    parser.add_argument(
        "--push", type=Path, help="push, and write name@digest of each to this file"
    )
    return parser


def main() -> int:
    """Build, or push; return 1 with one sentence if that cannot be."""
    asked = _parser().parse_args()
    named = [asked.engine] if asked.engine else KINDS
    flags = tuple(shlex.split(asked.flags))
    try:
        engine = find_engine(Engine(tuple(shlex.split(name)), flags) for name in named)
        order = Order(engine, asked.base_image, asked.registry, asked.source)
        if asked.push:
            asked.push.write_text(json.dumps(push_all(order), indent=1) + "\n")
        else:
            build_all(order)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
