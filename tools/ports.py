"""TCP ports on loopback: which are taken, and free ones instead."""

import random
import socket
from collections.abc import Iterable, Mapping

from tools.terminal import Say

# Below the range that the kernel gives to outgoing connections, so that none takes a port
# between our look and its use.
FREE_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(not_these: Iterable[int] = ()) -> int:
    """Return a random free port that is none of `not_these`."""
    taken = set(not_these)
    while True:
        port = random.choice(FREE_RANGE)  # noqa: S311
        if port not in taken and is_free(port):
            return port


def random_ports(wanted: Mapping[str, int]) -> dict[str, int]:
    """Return a free port for every name, all different, none the wanted one."""
    chosen: dict[str, int] = {}
    for name in wanted:
        chosen[name] = free_port({*chosen.values(), *wanted.values()})
    return chosen


def keep_free_ports(wanted: Mapping[str, int], tell: Say) -> dict[str, int]:
    """Return the wanted ports, each taken one replaced by a free one; one sentence for each."""
    chosen = dict(wanted)
    for name, port in wanted.items():
        if not is_free(port):
            chosen[name] = free_port(chosen.values())
            tell(f"Port {port} is taken; {name} listens on {chosen[name]} instead.")
    return chosen
