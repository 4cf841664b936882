"""A small client of the running stack, for the tools: standard library only."""

import http.client
import json
from contextlib import closing
from http import HTTPStatus
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from tools.processes import http_ok
from tools.run_folder import RunFolder
from tools.terminal import Refused, StackError

TIMEOUT_S = 10.0
HTTP_ERRORS = 400
ASK_LATER = (429, 503)
REPEATS = 5

Json = dict[str, Any]


class RunningStack:
    """What `stack.json` of a run folder describes; raises NotRunning if nothing runs there."""

    def __init__(self, folder: RunFolder) -> None:
        self._running = folder.running()

    def token(self, sub: str, roles: list[str], cafe_id: str | None = None) -> str:
        """Return a bearer token of the sandbox identity provider."""
        body: Json = {"sub": sub, "roles": roles} | ({"cafe_id": cafe_id} if cafe_id else {})
        return _call(self._running["identity"]["url"], "POST", "/token", body)["access_token"]

    def ready(self, service: str) -> bool:
        """Say whether a service takes requests now."""
        url: str = self._running["services"][service]["url"]
        try:
            return http_ok(urlsplit(url).port or 0, "/readyz")
        except (OSError, http.client.HTTPException):
            return False

    def operator(self, sub: str) -> dict[str, str]:
        """Return the headers of an operator's requests."""
        return {"Authorization": f"Bearer {self.token(sub, ['operator'])}"}

    def find(self, service: str, path: str, headers: dict[str, str]) -> Json | None:
        """Return the JSON answer of a service to a GET, None for a 404; raise as `call` does."""
        try:
            return self.call(service, "GET", path, headers=headers)
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def call(
        self,
        service: str,
        method: str,
        path: str,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> Json:
        """Return the JSON answer of a service; raise Refused, or StackError without one."""
        return _call(self._running["services"][service]["url"], method, path, body, headers)

    def ask_gateway(self, path: str) -> Json:
        """Return the JSON answer of the payment gateway's own API to a GET."""
        return _call(self._running["payment_gateway"]["url"], "GET", path)

    @property
    def valkey_port(self) -> int:
        """Where the broker listens."""
        return self._running["valkey"]["port"]


def _call(
    url: str,
    method: str,
    path: str,
    body: Json | None = None,
    headers: dict[str, str] | None = None,
) -> Json:
    request = f"{method} {url}{path}"
    content = None if body is None else json.dumps(body)
    types = {"Content-Type": "application/json"} if content else {}
    try:
        response, answer = _answer(url, method, path, content, types | (headers or {}))
        for _ in range(REPEATS):
            pause_s = response.getheader("retry-after")
            if response.status not in ASK_LATER or pause_s is None:
                break
            Event().wait(float(pause_s))
            response, answer = _answer(url, method, path, content, types | (headers or {}))
    except (OSError, http.client.HTTPException) as error:
        raise StackError(f"{request} got no answer ({error}); is the stack running?") from error
    if response.status >= HTTP_ERRORS:
        raise Refused(f"{request} was refused with {response.status}: {answer}", response.status)
    return json.loads(answer)


def _answer(
    url: str, method: str, path: str, content: str | None, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, str]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)) as http_:
        http_.request(method, path, content, headers)
        response = http_.getresponse()
        return response, response.read().decode()
