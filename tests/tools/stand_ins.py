"""The real dapr.yaml, components, Valkey and supervisor, with stand-ins for all other programs.

python -m tests.tools.stand_ins FOLDER STORE     runs `make up` on the run file of FOLDER
"""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import yaml

from tests.waiting import wait_until
from tools import ports, postgres, up
from tools.components import STORES
from tools.launch import ROOT, RUN_FILE, postgres_server, valkey_server
from tools.run_folder import RunFolder
from tools.stack import Stack
from tools.topology import Commands, Topology, default_ports

SERVER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("stand_in_server.py")))


def write_run_file(folder: Path, app_command: tuple[str, ...] = SERVER) -> None:
    """Write a dapr.yaml into `folder` whose apps all run `app_command`."""
    document = cast("dict[str, Any]", yaml.safe_load(RUN_FILE.read_text()))
    document["common"]["resourcesPath"] = str(ROOT / "components")
    for app in document["apps"]:
        app["command"] = list(app_command)
    (folder / "dapr.yaml").write_text(yaml.safe_dump(document))


def open_stack(folder: Path, store: str) -> Stack:
    """Return the supervised stack of a folder with a run file, on random ports."""
    run_file, run_dir = folder / "dapr.yaml", folder / "run"
    RunFolder(run_dir).refuse_if_owned()
    database = postgres.command(postgres_server().parent)
    commands = Commands(SERVER, SERVER, (str(valkey_server()),), SERVER, SERVER, database)
    chosen = ports.random_ports(default_ports(run_file, store=store))
    return Stack(Topology(run_file, run_dir, commands, chosen, store=store), restart=True)


@contextmanager
def runner(folder: Path, store: str = STORES[0]) -> Generator[subprocess.Popen[str]]:
    """Run `make up` with stand-ins as a process of its own; it is killed at the end."""
    with subprocess.Popen(
        (sys.executable, "-m", "tests.tools.stand_ins", str(folder), store),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def ready(folder: Path) -> dict[str, Any]:
    """Wait until the stack of the folder is ready; return its stack.json."""
    file = folder / "run" / "stack.json"
    await wait_until(file.exists, what="stack.json", timeout_s=20)
    return json.loads(file.read_text())


def processes_in(folder: Path) -> list[int]:
    """Return the ids of living processes that work in this folder, as all of its stack do."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _works_in(entry, folder)]


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink().is_relative_to(folder)
    except OSError:  # gone meanwhile, a zombie, or another user's
        return False


if __name__ == "__main__":
    sys.exit(up.run(lambda: open_stack(Path(sys.argv[1]), sys.argv[2])))
