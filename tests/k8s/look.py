"""Who holds which value: run in a container with a list `VALUES` written before this text.

Prints `{"environ": NUMBERS, "files": {path: NUMBERS}, "looked": [processes, files]}`, where NUMBERS
are the places in VALUES. What is mounted is no part of the image and is passed over.
"""

import json
import os
import sys
from pathlib import Path

VALUES: list[str] = globals().get("VALUES", [])


def holding(file: Path) -> list[int]:
    """Return the numbers of the values that a file holds; none of what cannot be read."""
    try:
        data = file.read_bytes()
    except OSError:
        return []
    return [number for number, value in enumerate(VALUES) if value.encode() in data]


def image_files() -> list[Path]:
    """Return the files that are the container's own."""
    mounted = {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    own: list[Path] = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [each for each in folders if str(Path(folder, each)) not in mounted]
        own += [Path(folder, each) for each in files if str(Path(folder, each)) not in mounted]
    return [each for each in own if each.is_file() and not each.is_symlink()]


if __name__ == "__main__":
    # Where a pod shares its processes: a sidecar's tokens come from Dapr's injector, that way only.
    processes = [each.parent for each in Path("/proc").glob("[0-9]*/comm")]
    ours = [each for each in processes if (each / "comm").read_text().strip() != "daprd"]
    environs, files = [each / "environ" for each in ours], image_files()
    found = {str(file): numbers for file in files if (numbers := holding(file))}
    environ = sorted({number for each in environs for number in holding(each)})
    looked = [len(environs), len(files)]
    sys.stdout.write(json.dumps({"environ": environ, "files": found, "looked": looked}))
