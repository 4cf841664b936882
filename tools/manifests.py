"""Renders all of k8s/ and checks it: schemas, then our own policies in tests/manifests.

    python -m tools.manifests

Needs no cluster. The first run downloads schemas, and builds kustomize where there is none.
"""

import argparse
import subprocess
import sys

from tools.manifest_render import ROOT, render_all
from tools.manifest_schemas import complaints
from tools.terminal import StackError, say


def main() -> int:
    """Tell what is wrong; 0 if nothing is."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    try:
        found = schema_complaints()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    if found:
        print(*found, sep="\n", file=sys.stderr)
        return 1
    say("Every object fits its schema. Now the policies:")
    command = (sys.executable, "-m", "pytest", "-q", "tests/manifests")
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def schema_complaints() -> list[str]:
    """Return "rendering: Kind/name: path: reason" for all that does not fit its schema."""
    return [
        f"{name}: {manifest['kind']}/{manifest['metadata']['name']}: {complaint}"
        for name, rendering in render_all().items()
        for manifest in rendering.manifests
        for complaint in complaints(manifest)
    ]


if __name__ == "__main__":
    sys.exit(main())
