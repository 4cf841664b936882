"""Writes into an overlay which images it runs: those just pushed, or those of another overlay.

python -m tools.promote staging images.json      what `make images PUSH=images.json` wrote
python -m tools.promote prod staging
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.terminal import StackError, say

OVERLAYS = Path(__file__).resolve().parent.parent / "k8s" / "overlays"
_IMAGE = re.compile(r"(- name: (\S+)\n +newName: )(\S+)(\n +digest: )(\S+)")
_NEVER_PUSHED = "sha256:" + 64 * "0"


def images_of(text: str) -> dict[str, str]:
    """Return the images that a kustomization names by digest: {"order-svc": "name@sha256:..."}."""
    return {found[2]: f"{found[3]}@{found[5]}" for found in _IMAGE.finditer(text)}


def pinned(text: str, images: Mapping[str, str]) -> str:
    """Return the kustomization with these images; StackError if one of its own is not there."""
    missing = images_of(text).keys() - images.keys()
    if missing:
        raise StackError(f"no digest for {', '.join(sorted(missing))}")

    def replace(found: re.Match[str]) -> str:
        name, _, digest = images[found[2]].partition("@")
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) or digest == _NEVER_PUSHED:
            raise StackError(f"{found[2]} has no digest of something that was pushed: {digest}")
        return f"{found[1]}{name}{found[4]}{digest}"

    return _IMAGE.sub(replace, text)


def promote(to: Path, source: Path) -> list[str]:
    """Write the images of `source` into the kustomization `to`; return the names that changed.

    `source` is another kustomization, or JSON as `images_of` returns it.
    """
    text = source.read_text()
    images = json.loads(text) if source.suffix == ".json" else images_of(text)
    before = to.read_text()
    after = pinned(before, images)
    to.write_text(after)
    old = images_of(before)
    return [name for name, image in images_of(after).items() if image != old[name]]


def main() -> int:
    """Promote; 1 with one sentence if a digest is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.promote", description=__doc__)
    parser.add_argument("to", choices=("staging", "prod"))
    parser.add_argument("source", help="staging, or the file that a push has written")
    asked = parser.parse_args()
    source = Path(asked.source)
    if source.suffix != ".json":
        source = OVERLAYS / asked.source / "kustomization.yaml"
    try:
        changed = promote(OVERLAYS / asked.to / "kustomization.yaml", source)
    except (StackError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    say(f"{asked.to}: {', '.join(changed) or 'nothing'} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
