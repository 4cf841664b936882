"""The tokens by which an app and its sidecar know each other; made anew for each run of a stack."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE = "tokens.json"


def _token() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Tokens:
    """`app` is shown by sidecars to their apps, `dapr` by apps to their sidecars."""

    app: str = field(default_factory=_token, repr=False)
    dapr: str = field(default_factory=_token, repr=False)

    @property
    def env(self) -> Mapping[str, str]:
        """The variables under which Dapr and the services look for them."""
        return {"APP_API_TOKEN": self.app, "DAPR_API_TOKEN": self.dapr}

    @property
    def headers(self) -> dict[str, str]:
        """What a call to a sidecar's API must carry."""
        return {"dapr-api-token": self.dapr}

    def write(self, folder: Path) -> None:
        """Leave them where only the owner of the stack reads them."""
        file = folder / FILE
        file.touch(mode=0o600)
        file.write_text(json.dumps(self.env, indent=2) + "\n")
