"""Where a port is taken the stack moves aside, says so, and its resource files follow."""

import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import yaml

from tools import components, ports
from tools.launch import ROOT, RUN_FILE, default_stack
from tools.terminal import StackError
from tools.topology import default_ports


def test_a_taken_port_is_replaced_by_a_free_one_with_a_sentence_that_says_so() -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken, free = other.getsockname()[1], ports.free_port()

        chosen = ports.keep_free_ports({"valkey": taken, "scheduler": free}, said.append)

    assert chosen["scheduler"] == free
    assert chosen["valkey"] not in {taken, free}
    assert said == [f"Port {taken} is taken; valkey listens on {chosen['valkey']} instead."]


@pytest.mark.real
def test_make_up_moves_aside_where_a_default_port_is_taken(tmp_path: Path) -> None:
    said: list[str] = []
    wanted = default_ports(RUN_FILE)["payment-gateway"]
    with ExitStack() as other:
        with suppress(OSError):  # or it is taken already, by a `make up`
            other.enter_context(socket.create_server(("127.0.0.1", wanted)))

        stack = default_stack(tmp_path, tell=said.append)

    chosen = stack.topology.ports["payment-gateway"]
    assert chosen != wanted
    assert f"Port {wanted} is taken; payment-gateway listens on {chosen} instead." in said


def test_random_ports_are_all_different_and_none_is_a_default() -> None:
    wanted = default_ports(RUN_FILE)

    chosen = ports.random_ports(wanted)

    assert chosen.keys() == wanted.keys()
    assert len({*chosen.values(), *wanted.values()}) == 2 * len(wanted)


def test_rendered_resources_differ_only_in_hosts_and_files_and_name_resolution(
    tmp_path: Path,
) -> None:
    chosen = ports.random_ports(default_ports(RUN_FILE))
    originals = ROOT / "components"

    components.render(originals, tmp_path / "components", chosen, tmp_path)

    changed = {
        f"{path.name}: {new}"
        for path in originals.glob("*.yaml")
        for new in set(_leaves(tmp_path / "components" / path.name)) - set(_leaves(path))
    }
    sqlite = f"file:{tmp_path}/%s-svc.db?_pragma=synchronous(NORMAL)"
    assert changed == {
        f"cafe-pubsub.yaml: localhost:{chosen['valkey']}",
        f"page-pubsub.yaml: localhost:{chosen['valkey']}",
        f"dead-letters.yaml: localhost:{chosen['valkey']}",
        f"replicas.yaml: localhost:{chosen['valkey']}",
        f"identity-provider.yaml: http://localhost:{chosen['identity-provider']}",
        f"payment-gateway.yaml: http://localhost:{chosen['payment-gateway']}",
        *(f"configuration.yaml: {new}" for new in ("nameResolution", "component", "sqlite")),
        *(f"configuration.yaml: {new}" for new in ("configuration", "connectionString")),
        *(f"configuration.yaml: {new}" for new in ("updateInterval", "15s", "timeout", "5s")),
        f"configuration.yaml: file:{tmp_path}/sidecars.db",
        *(f"{name}-store.yaml: {sqlite % name}" for name in ("order", "payment", "cafe", "mypage")),
    }


def test_another_store_is_rendered_in_the_place_of_sqlite_with_the_port_of_its_server(
    tmp_path: Path,
) -> None:
    chosen = ports.random_ports(default_ports(RUN_FILE, store="postgres"))
    sqlite, postgres = tmp_path / "sqlite", tmp_path / "postgres"
    components.render(ROOT / "components", sqlite, chosen, tmp_path)

    components.render(ROOT / "components", postgres, chosen, tmp_path, "postgres")

    names = {path.name for path in postgres.glob("*.yaml")}
    assert names == {path.name for path in sqlite.glob("*.yaml")}
    others = {name for name in names if not name.endswith("-store.yaml")}
    assert all((postgres / name).read_text() == (sqlite / name).read_text() for name in others)
    stores = [_leaves(postgres / name) for name in names - others]
    assert len(stores) == 4
    assert all(f"{chosen['postgres']}" in store and "5432" not in store for store in stores)


def test_valkey_as_store_is_the_server_of_the_streams() -> None:
    assert default_ports(RUN_FILE, store="valkey") == default_ports(RUN_FILE)


def test_a_store_that_nobody_knows_is_refused_with_the_names_of_those_there_are(
    tmp_path: Path,
) -> None:
    with pytest.raises(StackError, match=r"'oracle'.* sqlite, valkey, postgres"):
        default_stack(tmp_path, store="oracle")


def test_a_folder_stays_with_the_store_that_has_its_documents(tmp_path: Path) -> None:
    default_stack(tmp_path, store="postgres")

    with pytest.raises(StackError, match="are in postgres: say STORE=postgres, another RUN_DIR"):
        default_stack(tmp_path)

    assert default_stack(tmp_path, store="postgres").topology.store == "postgres"


def _leaves(path: Path) -> list[str]:
    """Every scalar of the file in order, as YAML's own events give them."""
    events = yaml.parse(path.read_text())
    return [event.value for event in events if isinstance(event, yaml.ScalarEvent)]
