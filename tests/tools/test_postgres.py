"""A real PostgreSQL: every service in its own database, nobody in another's, nothing lost by kill.

The folders of these tests have mode 0700, and so has everything the server makes in them.
"""

import os
import stat
import subprocess
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.tools.stand_ins import SERVER, processes_in, ready, runner, write_run_file
from tests.waiting import wait_until
from tools import ports
from tools.launch import find_commands, postgres_server
from tools.postgres import passwords
from tools.processes import Process
from tools.stack import Stack
from tools.topology import Commands, Topology, default_ports

pytestmark = pytest.mark.real
ROWS = 200


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """The server alone, for the services of dapr.yaml; it runs when a test begins and ends."""
    folder = tmp_path_factory.mktemp("server")
    write_run_file(folder)
    run_file = folder / "dapr.yaml"
    real = find_commands()
    commands = Commands(SERVER, SERVER, SERVER, SERVER, SERVER, real.postgres)
    chosen = ports.random_ports(default_ports(run_file, store="postgres"))
    topology = Topology(run_file, folder / "run", commands, chosen, store="postgres")
    with Stack(topology, only={"postgres"}) as stack:
        yield stack


@pytest.fixture
def server(stack: Stack) -> Process:
    return stack.processes["postgres"]


def psql(
    stack: Stack, role: str, statement: str, *, database: str = "", password: str = ""
) -> subprocess.CompletedProcess[str]:
    """Have a role say something, by default in its own database and with its own password."""
    known = passwords(stack.folder.path / "postgres", ())
    port = str(stack.topology.ports["postgres"])
    where = ("-h", "127.0.0.1", "-p", port, "-U", role, "-d", database or role)
    return subprocess.run(
        (str(postgres_server().with_name("psql")), "-wqtA", *where, "-c", statement),
        env={**os.environ, "PGPASSWORD": password or known.get(role, "")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_service_keeps_tables_in_the_database_of_its_own_name(stack: Stack) -> None:
    written = psql(stack, "order-svc", "CREATE TABLE state (key text); SELECT count(*) FROM state")

    assert (written.returncode, written.stdout) == (0, "0\n"), written.stderr


@pytest.mark.parametrize("database", ["payment-svc", "cafe-svc", "mypage-svc", "postgres"])
def test_no_service_enters_the_database_of_another(stack: Stack, database: str) -> None:
    asked = psql(stack, "order-svc", "SELECT 1", database=database)

    assert asked.returncode == 2
    assert "no pg_hba.conf entry" in asked.stderr


def test_no_service_may_connect_to_another_database_even_if_the_server_lets_everybody_in(
    stack: Stack,
) -> None:
    access = stack.folder.path / "postgres" / "data" / "pg_hba.conf"
    by_name = access.read_text()
    access.write_text(by_name.replace("sameuser", "all"))
    stack.restart("postgres")

    asked = psql(stack, "order-svc", "SELECT 1", database="payment-svc")

    access.write_text(by_name)
    stack.restart("postgres")
    assert asked.returncode == 2
    assert "User does not have CONNECT privilege" in asked.stderr


@pytest.mark.parametrize("role", ["order-svc", "postgres"])
def test_nobody_enters_with_a_wrong_password_not_even_the_superuser(
    stack: Stack, role: str
) -> None:
    asked = psql(stack, role, "SELECT 1", password="guess")

    assert asked.returncode == 2
    assert "password authentication failed" in asked.stderr


def test_passwords_differ_stay_the_same_and_are_nobody_elses_to_read(stack: Stack) -> None:
    folder = stack.folder.path / "postgres"

    known = passwords(folder, ["another-svc"])

    assert list(known) == stack.services
    assert len(set(known.values())) == len(known)
    assert stat.S_IMODE((folder / "passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    seen = (folder.parent / "logs" / "postgres.log").read_text()
    seen += "".join(map(" ".join, (each.command for each in stack.topology.programs())))
    seen += "".join(file.read_text() for file in (folder.parent / "components").glob("*.yaml"))
    assert not [password for password in known.values() if password in seen]


def test_a_sidecar_knows_its_own_password_and_its_app_knows_none(stack: Stack) -> None:
    programs = {each.name: each for each in stack.topology.programs()}

    known = {name: program.env.get("STORE_PASSWORD") for name, program in programs.items()}

    said = {name: password for name, password in known.items() if password}
    expected = passwords(stack.folder.path / "postgres", ())
    assert said == {f"{name}.daprd": password for name, password in expected.items()}


async def test_what_was_acknowledged_is_there_after_kill_9_with_sessions_open(
    stack: Stack,
) -> None:
    assert psql(stack, "order-svc", "CREATE TABLE seen (row int)").returncode == 0
    acknowledged: list[int] = []

    def write() -> None:
        for _ in range(ROWS):
            done = psql(
                stack, "order-svc", "INSERT INTO seen SELECT count(*) FROM seen RETURNING row"
            )
            if done.returncode != 0:
                return
            acknowledged.append(int(done.stdout))

    writer = threading.Thread(target=write)
    writer.start()
    await wait_until(lambda: len(acknowledged), lambda rows: rows > 10, what="some rows")

    stack.kill("postgres")
    writer.join()
    stack.start("postgres")

    found = psql(stack, "order-svc", "SELECT row FROM seen ORDER BY row").stdout.split()
    assert len(acknowledged) < ROWS
    assert [int(row) for row in found][: len(acknowledged)] == acknowledged
    assert psql(stack, "order-svc", "SHOW fsync").stdout == "on\n"


def test_a_process_id_that_a_crash_left_behind_and_somebody_else_has_does_not_stop_the_next(
    stack: Stack,
) -> None:
    stack.kill("postgres")
    left = stack.folder.path / "postgres" / "data" / "postmaster.pid"
    lines = left.read_text().splitlines()
    left.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    stack.start("postgres")

    assert psql(stack, "order-svc", "SELECT 1").stdout == "1\n"


def test_an_orderly_stop_does_not_wait_for_open_sessions(stack: Stack, server: Process) -> None:
    session = threading.Thread(target=psql, args=(stack, "order-svc", "SELECT pg_sleep(60)"))
    session.start()

    stack.stop("postgres")

    assert server.exit_text == "exit code 0"
    session.join()
    stack.start("postgres")


def test_a_cluster_half_made_is_made_again(stack: Stack) -> None:
    folder = stack.folder.path / "postgres"
    stack.stop("postgres")
    (folder / "data").rename(folder / "data.new")
    (folder / "data.new" / "PG_VERSION").unlink()

    stack.start("postgres")

    assert psql(stack, "cafe-svc", "SELECT 1").stdout == "1\n"
    assert not (folder / "data.new").exists()


async def test_not_even_kill_9_of_the_runner_leaves_a_server(tmp_path: Path) -> None:
    write_run_file(tmp_path)
    with runner(tmp_path, "postgres") as up:
        running = await ready(tmp_path)
        assert running["postgres"]["pid"] in processes_in(tmp_path)

        up.kill()

        await wait_until(lambda: processes_in(tmp_path), lambda pids: not pids, what="the orphans")
