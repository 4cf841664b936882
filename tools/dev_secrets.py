"""Passwords and tokens for the overlay dev: random, written once, for one machine only.

python -m tools.dev_secrets [FOLDER]
"""

import argparse
import hashlib
import secrets
from pathlib import Path
from typing import cast

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "k8s" / "overlays" / "dev" / "secrets"

BROKER = "valkey-auth.env"


def _users(password: str) -> str:
    """Return the broker's list of users: one, who may do everything."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"users=user default on #{digest} ~* &* +@all"


def write(folder: Path = FOLDER) -> list[str]:
    """Write each file that FOLDER/kustomization.yaml names and that is not there; return those."""
    document = yaml.safe_load((folder / "kustomization.yaml").read_text())
    generators = cast("list[dict[str, list[str]]]", document["secretGenerator"])
    missing = [name for each in generators for name in each["envs"] if not (folder / name).exists()]
    for name in missing:
        key = "token" if name.endswith("-token.env") else "password"
        value = secrets.token_urlsafe(24)
        lines = [f"{key}={value}", *([_users(value)] if name == BROKER else [])]
        (folder / name).touch(mode=0o600)
        (folder / name).write_text("\n".join(lines) + "\n")
    return missing


def main() -> None:
    """Write into the folder given, or into that of the overlay."""
    parser = argparse.ArgumentParser(
        description="Writes what is missing of the secrets of the overlay dev."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    print(f"{len(write(folder))} new secrets in {folder}")


if __name__ == "__main__":
    main()
