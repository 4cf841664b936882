"""PostgreSQL as a program of a stack: `python postgres.py BIN FOLDER PORT` becomes the server.

The first start in a FOLDER makes a cluster with a database per service, owned by a role of the same
name, with the passwords of FOLDER/passwords.json. Whoever is no owner of a database cannot enter
it. The server refuses to run as root, so root starts it in a user namespace without a mapping:
it keeps root's rights on root's files and nothing more. Only the standard library, as in leash.py.
"""

import ctypes
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

CLONE_NEWUSER = 0x1000_0000
PROTOCOL = 3 << 16
PROBE_TIMEOUT_S = 1.0
LEFTOVERS_TIMEOUT_S = 10.0
# A role enters the database of its own name with its password; there is no other way in, for
# nobody, not even for the superuser, who has no password.
ACCESS = "host sameuser all 127.0.0.1/32 scram-sha-256\n"
# An acknowledged save survives a power cut: both are the defaults, and what this is about.
DURABLE = ("-c", "fsync=on", "-c", "synchronous_commit=on")


def command(binaries: Path) -> tuple[str, ...]:
    """Return how the server is called, but for its folder and its port."""
    return (sys.executable, "-I", "-S", __file__, str(binaries))


def passwords(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the password of each service's role, generated on the first call for a folder."""
    file = folder / "passwords.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps({name: secrets.token_urlsafe(24) for name in names}))
        new.replace(file)
    return json.loads(file.read_text())


def lets_in(port: int) -> bool:
    """Whether the server asks for a password, or has another answer than "starting up"."""
    body = struct.pack("!I", PROTOCOL) + b"user\0probe\0database\0probe\0\0"
    with socket.create_connection(("127.0.0.1", port), timeout=PROBE_TIMEOUT_S) as connection:
        connection.sendall(struct.pack("!I", len(body) + 4) + body)
        return connection.recv(256)[:1] == b"R"  # all of it, or the server logs a reset


def main() -> None:
    """Make the cluster if there is none, wait for the dead of a crash, become the server."""
    binaries, folder, port = Path(sys.argv[1]), Path(sys.argv[2]).resolve(), sys.argv[3]
    _leave_root()
    data = folder / "data"
    if not data.exists():
        _create(binaries, folder, data)
    _wait_until_deserted(data)
    # Left by a crash; by now its process id may belong to somebody else.
    (data / "postmaster.pid").unlink(missing_ok=True)
    listen = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
    server = str(binaries / "postgres")
    os.execv(server, (server, "-D", str(data), "-p", port, *listen, *DURABLE))  # noqa: S606


def _leave_root() -> None:
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform != "linux" or libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit("PostgreSQL does not run as root, and no user namespace can be made here.")


def _create(binaries: Path, folder: Path, data: Path) -> None:
    """Make the cluster aside and move it into place, so that there is a whole one or none."""
    new = folder / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    options = ("--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=reject")
    subprocess.run((str(binaries / "initdb"), "-D", str(new), *options), check=True)
    (new / "pg_hba.conf").write_text(ACCESS)
    single = ("--single", "-D", str(new), "-c", "exit_on_error=true", "postgres")
    statements = "\n".join(_statements(passwords(folder, ()))) + "\n"
    subprocess.run((str(binaries / "postgres"), *single), input=statements, text=True, check=True)
    new.rename(data)


def _statements(roles: dict[str, str]) -> Iterable[str]:
    yield "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC"
    for name, password in roles.items():
        yield f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'"
        yield f'CREATE DATABASE "{name}" OWNER "{name}"'
        yield f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC'


def _wait_until_deserted(data: Path) -> None:
    """Wait for the children of a killed server, which end by themselves and work in its folder."""
    deadline, pause = time.monotonic() + LEFTOVERS_TIMEOUT_S, threading.Event()
    while any(_works_in(entry, data) for entry in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > deadline:
            sys.exit(f"Somebody still works in {data}.")
        pause.wait(0.02)


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == folder
    except OSError:  # gone meanwhile, or another user's
        return False


if __name__ == "__main__":
    main()
