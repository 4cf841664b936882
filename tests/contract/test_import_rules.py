"""The import rules of pyproject.toml hold, and each of them can fail.

A rule that nothing can break protects nothing: here each is broken once, in a copy of the code.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.contract.committed import ROOT

RULES: dict[str, str] = {
    each["id"]: each["name"]
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}
PACKAGES = ("cafe_kit", "order_svc", "payment_svc", "cafe_svc", "mypage_svc", "cafe_sandbox")
PLANTED = [
    ("strangers", "order_svc.adapters", "payment_svc.ports"),
    ("strangers", "cafe_kit.clock", "order_svc.domain"),
    ("strangers", "mypage_svc.main", "cafe_sandbox.identity"),
    ("sandbox", "cafe_sandbox.server", "cafe_kit.clock"),
    ("layers", "order_svc.domain", "order_svc.events"),
    ("layers", "cafe_svc.use_cases", "cafe_svc.api"),
    ("layers", "payment_svc.use_cases", "payment_svc.adapters"),
    ("layers", "mypage_svc.inbound", "mypage_svc.projector"),
    ("wiring", "order_svc.api", "order_svc.adapters"),
    ("sidecar-port", "cafe_svc.use_cases", "cafe_kit.sidecar"),
    ("sidecar-implementations", "payment_svc.adapters", "cafe_kit.dapr_sidecar"),
    ("sidecar-implementations", "mypage_svc.main", "cafe_kit.memory_sidecar"),
    ("http-client", "payment_svc.adapters", "aiohttp"),
    ("other-clients", "order_svc.adapters", "httpx"),
    ("dapr-sdk", "cafe_svc.main", "dapr"),
    ("web-framework", "mypage_svc.use_cases", "fastapi"),
    ("web-framework", "order_svc.saga", "starlette"),
    ("pure-domain", "cafe_svc.domain", "pydantic"),
    ("pure-domain", "payment_svc.domain", "os"),
    ("pure-domain", "order_svc.domain", "cafe_kit.clock"),
    ("pure-domain", "cafe_svc.catalogue", "random"),
    ("pure-domain", "mypage_svc.indexes", "mypage_svc.inbound"),
    ("pure-domain", "cafe_kit.transitions", "asyncio"),
]


def lint(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the linter on the packages it finds first from `folder`."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    environment = {**os.environ, "COLUMNS": "200", **env}  # No name of a rule is cut in two.
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the linter says of each broken rule, by the rule's name."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        [source] = ROOT.glob(f"*/{package}")
        shutil.copytree(source, folder / package)
    for _, importer, imported in PLANTED:
        with (folder / importer.replace(".", "/")).with_suffix(".py").open("a") as file:
            file.write(f"import {imported}\n")
    (folder / "payment_svc" / "helpers.py").touch()
    done = lint(folder, PYTHONPATH=str(folder))
    assert done.returncode == 1, done.stdout + done.stderr
    parts = re.split(r"^(.+)\n-{4,}\n", done.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_code_keeps_the_rules() -> None:
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RULES)} kept, 0 broken" in done.stdout


def test_every_rule_is_broken_on_purpose_below() -> None:
    assert {rule for rule, _, _ in PLANTED} == RULES.keys()


@pytest.mark.parametrize(("rule", "importer", "imported"), PLANTED)
def test_a_forbidden_import_is_found(
    rule: str, importer: str, imported: str, reports: dict[str, str]
) -> None:
    assert f"{importer} -> {imported} (" in reports[RULES[rule]]


def test_a_file_without_a_place_in_the_layers_is_found(reports: dict[str, str]) -> None:
    assert "- payment_svc.helpers" in reports[RULES["layers"]]
