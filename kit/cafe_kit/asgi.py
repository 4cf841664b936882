"""Call an ASGI app in this process, as a sidecar would call it over the loopback."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp

from cafe_kit.sidecar import Reply


async def call(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one request to `app`; `target` is a path with an optional query."""
    scope = scope_of(method, target, headers or {})
    sent: list[dict[str, Any]] = []
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not unread:
            # The caller says no more and stays for the answer; cancelling is its way to go.
            await asyncio.get_running_loop().create_future()
        return unread.pop()

    async def send(message: Any) -> None:  # noqa: ANN401 - the ASGI message union
        sent.append(message)

    await app(scope, receive, send)
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]), names)


def scope_of(method: str, target: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the request as an ASGI server describes it."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
