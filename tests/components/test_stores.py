"""The drop-in stores say what the SQLite files say, but for the store.

A file in components/valkey/ or components/postgres/ takes the place of the one of the same name in
components/: nobody else may notice.
"""

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.components.resources import FOLDER, Resource
from tools.components import STORES

TYPES = {"valkey": ("state.redis", "v1"), "postgres": ("state.postgresql", "v2")}
DROP_INS = sorted(path for store in STORES[1:] for path in (FOLDER / store).glob("*.yaml"))
POSTGRES = [path for path in DROP_INS if path.parent.name == "postgres"]
SERVICES, REPLICAS, SERVER_CONNECTIONS = 4, 2, 100


def read(path: Path) -> Resource:
    return cast("Resource", yaml.safe_load(path.read_text()))


def items(path: Path) -> dict[str, dict[str, Any]]:
    """Return the metadata of a component by name."""
    return {item["name"]: item for item in read(path)["spec"]["metadata"]}


@pytest.mark.parametrize("store", STORES[1:])
def test_a_set_replaces_every_store_and_nothing_else(store: str) -> None:
    assert {path.name for path in (FOLDER / store).glob("*.yaml")} == {
        path.name for path in FOLDER.glob("*-store.yaml")
    }


@pytest.mark.parametrize("path", DROP_INS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_replacement_has_the_name_and_the_scope_of_what_it_replaces(path: Path) -> None:
    new, old = read(path), read(FOLDER / path.name)

    assert (new["spec"].pop("type"), new["spec"].pop("version")) == TYPES[path.parent.name]
    del new["spec"]["metadata"], old["spec"]["metadata"]
    del old["spec"]["type"], old["spec"]["version"]
    assert new == old


@pytest.mark.parametrize("path", POSTGRES, ids=lambda path: path.name)
def test_a_service_has_a_database_and_a_role_of_its_own_and_its_password_in_no_file(
    path: Path,
) -> None:
    [app_id] = read(path)["scopes"]
    metadata = items(path)

    assert (metadata["database"]["value"], metadata["user"]["value"]) == (app_id, app_id)
    assert metadata["password"] == {"name": "password", "envRef": "STORE_PASSWORD"}
    assert "connectionString" not in metadata


def test_two_replicas_of_every_service_do_not_use_up_the_servers_connections() -> None:
    connections = [int(items(path)["maxConns"]["value"]) for path in POSTGRES]

    assert len(connections) == SERVICES
    assert sum(connections) * REPLICAS < SERVER_CONNECTIONS


def test_the_documents_of_two_services_in_one_redis_have_different_keys() -> None:
    prefixes = {items(path)["keyPrefix"]["value"] for path in (FOLDER / "valkey").glob("*.yaml")}

    assert prefixes == {"name"}  # the component's: `order-store||...`
