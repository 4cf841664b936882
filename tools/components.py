"""The Dapr resources of components/: what they point at, and copies that point elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import yaml

from tools.terminal import StackError

Document = dict[str, Any]
STORES = ("sqlite", "valkey", "postgres")
"""Where documents are kept: the first as the files of the folder itself say; each other has a
folder of its name inside, whose files take the place of those of the same name."""


def read_ports(folder: Path, store: str = STORES[0]) -> dict[str, int]:
    """Return the local port of every server the resources name.

    These are "valkey", "postgres" where a store is there, and each HTTPEndpoint.
    """
    ports: dict[str, int] = {}
    for documents in _read(folder, store).values():
        for document in documents:
            if document["kind"] == "HTTPEndpoint":
                url = urlsplit(str(document["spec"]["baseUrl"]))
                ports[document["metadata"]["name"]] = url.port or 0
            for item in _metadata(document, "redisHost"):
                ports["valkey"] = int(str(item["value"]).rpartition(":")[2])
            for item in _metadata(document, "port"):
                ports["postgres"] = int(str(item["value"]))
    return ports


def render(
    folder: Path, target: Path, ports: Mapping[str, int], data: Path, store: str = STORES[0]
) -> None:
    """Write copies into `target` that use these ports and keep SQLite files under `data`.

    The sidecars find each other through a file there too: by mDNS, Dapr's default, the stacks
    of one machine, and those of neighbours on the network, would call into each other.
    """
    target.mkdir(parents=True, exist_ok=True)
    for stale in target.glob("*.yaml"):
        stale.unlink()
    for name, documents in _read(folder, store).items():
        for document in documents:
            _patch(document, ports, data)
        (target / name).write_text(yaml.safe_dump_all(documents, sort_keys=False))


def _patch(document: Document, ports: Mapping[str, int], data: Path) -> None:
    if document["kind"] == "HTTPEndpoint":
        url = urlsplit(str(document["spec"]["baseUrl"]))
        port = ports[document["metadata"]["name"]]
        document["spec"]["baseUrl"] = url._replace(netloc=f"{url.hostname}:{port}").geturl()
    if document["kind"] == "Configuration":
        document["spec"]["nameResolution"] = {
            "component": "sqlite",
            "version": "v1",
            # A sidecar that is late by more than the timeout with its sign of life is not found.
            "configuration": {
                "connectionString": f"file:{data / 'sidecars.db'}",
                "updateInterval": "15s",
                "timeout": "5s",
            },
        }
    for item in _metadata(document, "redisHost"):
        item["value"] = f"localhost:{ports['valkey']}"
    for item in _metadata(document, "port"):
        item["value"] = str(ports["postgres"])
    for item in _metadata(document, "connectionString"):
        scheme, _, rest = str(item["value"]).partition(":")
        path, _, query = rest.partition("?")
        item["value"] = f"{scheme}:{data / Path(path).name}?{query}"


def _metadata(document: Document, name: str) -> list[Document]:
    if document["kind"] != "Component":
        return []
    items = cast("list[Document]", document["spec"].get("metadata", []))
    return [item for item in items if item["name"] == name]


def _read(folder: Path, store: str) -> dict[str, list[Document]]:
    if store not in STORES:
        raise StackError(f"There is no store {store!r}; STORE is one of {', '.join(STORES)}.")
    folders = [folder] if store == STORES[0] else [folder, folder / store]
    return {
        path.name: cast("list[Document]", list(yaml.safe_load_all(path.read_text())))
        for each in folders
        for path in sorted(each.glob("*.yaml"))
    }
