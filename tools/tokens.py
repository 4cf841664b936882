"""The tokens by which an app and its sidecar know each other; made anew for each run of a stack."""

import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

FILE = "tokens.json"


@dataclass(frozen=True)
class Tokens:
    """Every app has two of its own, which follow from the secret of this run.

    One its sidecar shows to it, one it shows to its sidecar. Each is named by the app-id.
    """

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def env(self, app_id: str) -> dict[str, str]:
        """Return the variables under which Dapr and the service look for them."""
        return {name: self._token(app_id, name) for name in ("APP_API_TOKEN", "DAPR_API_TOKEN")}

    def headers(self, app_id: str) -> dict[str, str]:
        """Return what a call to the API of this app's sidecar must carry."""
        return {"dapr-api-token": self._token(app_id, "DAPR_API_TOKEN")}

    def write(self, folder: Path, app_ids: Iterable[str]) -> None:
        """Leave them where only the owner of the stack reads them."""
        file = folder / FILE
        file.touch(mode=0o600)
        found = {app_id: self.env(app_id) for app_id in app_ids}
        file.write_text(json.dumps(found, indent=2) + "\n")

    def _token(self, app_id: str, name: str) -> str:
        return hmac.new(self.secret, f"{name} {app_id}".encode(), "sha256").hexdigest()
