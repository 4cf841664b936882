"""Secrets of the overlay dev: random, private, and kept."""

import hashlib
import shutil
from pathlib import Path

from tools.dev_secrets import FOLDER, write


def test_every_secret_is_written_once_for_its_owner_only(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "kustomization.yaml", tmp_path)

    written = write(tmp_path)
    texts = {name: (tmp_path / name).read_text() for name in written}

    assert len(set(texts.values())) == len(written) >= 8
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in written} == {0o600}
    assert all(len(text.split("=", 1)[1]) > 30 for text in texts.values())
    assert write(tmp_path) == []
    assert texts == {name: (tmp_path / name).read_text() for name in written}


def test_a_token_is_called_token_and_a_password_password(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "kustomization.yaml", tmp_path)

    write(tmp_path)

    assert (tmp_path / "dapr-api-token.env").read_text().startswith("token=")
    assert (tmp_path / "order-svc-store.env").read_text().startswith("password=")


def test_the_broker_knows_one_user_by_the_digest_of_the_password(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "kustomization.yaml", tmp_path)

    write(tmp_path)

    text = (tmp_path / "valkey-auth.env").read_text()
    said = dict(line.split("=", 1) for line in text.splitlines())
    digest = hashlib.sha256(said["password"].encode()).hexdigest()
    assert said["users"].split()[:4] == ["user", "default", "on", f"#{digest}"]
