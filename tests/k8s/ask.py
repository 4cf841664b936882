"""Requests from inside the cluster: `python - REQUESTS` in a pod, the standard library only.

REQUESTS is a JSON list of `{"method", "url", "headers", "body"}`; printed is a list of
`{"status", "headers", "body"}`, status 0 with the reason as body where nobody answered. A url of
`tcp://host:port` is only connected to: 1 where somebody listens.
"""

import json
import socket
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

PATIENCE_S: Final = 5.0
AT_ONCE: Final = 8


class _AsItIs(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirection is an answer."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def ask(wish: dict[str, Any], opener: urllib.request.OpenerDirector) -> dict[str, Any]:
    """Send one request."""
    url: str = wish["url"]
    where = urlsplit(url)
    try:
        if where.scheme == "tcp":
            socket.create_connection((where.hostname, where.port), PATIENCE_S).close()
            return {"status": 1, "headers": {}, "body": ""}
        body = wish.get("body")
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | wish.get("headers", {})
        method = wish.get("method", "GET")
        request = urllib.request.Request(wish["url"], data, headers, method=method)  # noqa: S310
        with opener.open(request, timeout=PATIENCE_S) as answer:
            return _told(answer.status, answer.headers.items(), answer.read(100_000))
    except urllib.error.HTTPError as error:
        return _told(error.code, error.headers.items(), error.read())
    except OSError as error:
        return _told(0, (), repr(error).encode())


def _told(status: int, headers: Any, body: bytes) -> dict[str, Any]:
    named = {name.lower(): value for name, value in headers}
    return {"status": status, "headers": named, "body": body.decode(errors="replace")}


if __name__ == "__main__":
    _opener = urllib.request.build_opener(_AsItIs, urllib.request.ProxyHandler({}))
    with ThreadPoolExecutor(AT_ONCE) as _pool:
        _answers = _pool.map(partial(ask, opener=_opener), json.loads(sys.argv[1]))
        sys.stdout.write(json.dumps(list(_answers)))
