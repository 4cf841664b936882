"""kustomize and the definitions of custom resources are had, or one sentence says why not.

Go is a shell script here that has its own idea of `build` and `mod download`.
"""

import json
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from tools.build_dapr import Machine
from tools.build_kustomize import KUSTOMIZE, ensure_kustomize
from tools.custom_schemas import ANNOTATIONS, DAPR, DEFINITIONS, NAMED_IN, load_schemas
from tools.go_build import GIB, Toolchain
from tools.terminal import StackError

DEFINITION: Final = {
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "drinks.example",
        "names": {"kind": "Cup"},
        "versions": [
            {"name": "v1", "served": True, "schema": {"openAPIV3Schema": {"type": "object"}}},
            {"name": "v1beta1", "served": False},
        ],
    },
}

NOWHERE: Final = " ".join(json.dumps({"Path": each, "Dir": "/nowhere"}) for each in DEFINITIONS)


def quiet(_text: str) -> None:
    """What a person would read."""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with an empty cache, nothing on PATH, and no wheel to be had."""
    toolchain = Toolchain(
        path=str(tmp_path / "bin"),
        site_packages=tmp_path / "site-packages",
        install_wheel=(sys.executable, "-c", "raise SystemExit('error: no such wheel')"),
        free_bytes=lambda _folder: 100 * GIB,
    )
    return Machine(str(tmp_path / "bin"), tmp_path / "dapr-init", tmp_path / "cache", toolchain)


def program(tmp_path: Path, name: str, script: str) -> Path:
    path = tmp_path / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def go(tmp_path: Path, command: str) -> None:
    program(
        tmp_path,
        "go",
        f"""case $1 in
version) echo "go version go1.99.0 linux/amd64";;
env) echo "{tmp_path}/modules"; echo "{tmp_path}/go-cache";;
*) {command}
esac""",
    )


def test_a_kustomize_on_path_is_used_if_it_is_new_enough(machine: Machine, tmp_path: Path) -> None:
    newer = program(tmp_path, "kustomize", "echo v99.0.0")

    assert ensure_kustomize(quiet, machine) == newer


def test_an_old_one_is_left_alone_and_a_new_one_built(machine: Machine, tmp_path: Path) -> None:
    program(tmp_path, "kustomize", "echo v5.0.0")
    go(tmp_path, 'while [ "$1" != -o ]; do shift; done; > $2/kustomize')

    found = ensure_kustomize(quiet, machine)

    assert found == machine.home(KUSTOMIZE) / "kustomize"
    assert found.is_file()


def test_without_go_a_sentence_says_what_is_missing(machine: Machine) -> None:
    with pytest.raises(StackError, match=f"kustomize {KUSTOMIZE.version} or newer is needed and"):
        ensure_kustomize(quiet, machine)


def test_definitions_are_read_once_as_far_as_they_are_served(
    machine: Machine, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text("\n".join(publish(tmp_path / module, module) for module in DEFINITIONS))
    go(tmp_path, f"cat {answers}")

    first = load_schemas(quiet, machine)
    (tmp_path / "bin" / "go").unlink()
    second = load_schemas(quiet, machine)

    assert first == second
    assert first == {
        "drinks.example/v1/Cup": {"type": "object"},
        ANNOTATIONS: {"enum": ["dapr.io/enabled"]},
    }


def publish(folder: Path, module: str) -> str:
    for pattern in DEFINITIONS[module]:
        file = folder / pattern.replace("*", "cup.yaml" if pattern.endswith("*") else "cup")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(DEFINITION))
    if module == DAPR:
        (folder / NAMED_IN).parent.mkdir(parents=True)
        (folder / NAMED_IN).write_text('KeyEnabled = "dapr.io/enabled" // and more')
    return json.dumps({"Path": module, "Dir": str(folder)}, indent=1)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("""echo '{"Error": "dial tcp: connection refused"}'; exit 1;""", "is there a network?"),
        ("echo 'checksum mismatch' >&2; exit 1;", "checksum mismatch"),
        (f"echo '{NOWHERE}'", "has no manifests/crds"),
    ],
)
def test_definitions_that_cannot_be_had_are_told_in_a_sentence(
    machine: Machine, tmp_path: Path, command: str, told: str
) -> None:
    go(tmp_path, command)

    with pytest.raises(StackError) as raised:
        load_schemas(quiet, machine)

    assert told in str(raised.value)
    assert not list((tmp_path / "cache").glob("*"))
