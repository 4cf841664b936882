"""The sidecar port over daprd's HTTP API: one pooled aiohttp session per process.

Why not the SDK's client: docs/adr/0004. Every status below was seen on a real daprd 1.18.2.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from pydantic_core import from_json, to_json
from yarl import URL

from cafe_kit.sidecar import Conflict, Rejected, Reply, Stored, Unavailable, Write, check_size
from cafe_kit.sidecar_facts import Breaker, Metadata, breakers_of, metadata_of
from cafe_kit.tracing import outgoing_headers

_JSON: Final = {"content-type": "application/json"}
_CLOUD_EVENT: Final = {"content-type": "application/cloudevents+json"}
_OK: Final = range(200, 300)
_REFUSED: Final = range(400, 500)
_CONNECTIONS: Final = 256
_KEEP_ALIVE_S: Final = 75
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
"""The most that is read of an answer: twice what daprd passes on by default."""


class DaprSidecar:
    """See `cafe_kit.sidecar.Sidecar`. Nothing is opened before the first call."""

    def __init__(
        self,
        *,
        port: int,
        store: str,
        pubsub: str,
        deadline_s: float = 5.0,
        api_token: str = "",
        host: str = "127.0.0.1",
        metrics_port: int = 9090,
    ) -> None:
        self._base = f"http://{host}:{port}"
        self._state = f"{self._base}/v1.0/state/{store}"
        self._state_url = URL(self._state, encoded=True)
        self._publish = f"{self._base}/v1.0/publish"
        self._pubsub = pubsub
        self._metrics_url = URL(f"http://{host}:{metrics_port}/metrics")
        self._timeout = aiohttp.ClientTimeout(total=deadline_s)
        self._headers = {"dapr-api-token": api_token} if api_token else {}
        self._session: aiohttp.ClientSession | None = None

    async def get(self, key: str) -> Stored | None:
        reply = await self._call("GET", URL(f"{self._state}/{quote(key, safe='')}", encoded=True))
        if reply.status == HTTPStatus.NO_CONTENT:
            return None
        self._check(reply, "read state")
        return Stored(reply.body, reply.headers["etag"])

    async def get_many(self, keys: Sequence[str]) -> dict[str, Stored]:
        url = URL(f"{self._state}/bulk", encoded=True)
        body = to_json({"keys": list(keys), "parallelism": 10})
        reply = await self._call("POST", url, body, _JSON)
        self._check(reply, "read state")
        items: list[dict[str, Any]] = from_json(reply.body)
        failed = [item["key"] for item in items if item.get("error")]
        if failed:
            raise Unavailable(f"read state: no answer for {len(failed)} keys")
        return {i["key"]: Stored(to_json(i["data"]), i["etag"]) for i in items if i.get("etag")}

    async def save(self, write: Write) -> None:
        await self.save_many((write,))

    async def save_many(self, writes: Sequence[Write]) -> None:
        body = b"[" + b",".join(_save_item(write) for write in writes) + b"]"
        reply = await self._call("POST", self._state_url, body, _JSON)
        if reply.status == HTTPStatus.CONFLICT:
            raise Conflict(_text(reply))
        self._check(reply, "save state")

    async def publish(self, topic: str, event: bytes, *, pubsub: str = "") -> None:
        url = URL(f"{self._publish}/{pubsub or self._pubsub}/{quote(topic)}", encoded=True)
        self._check(await self._call("POST", url, event, _CLOUD_EVENT), f"publish {topic}")

    async def invoke(
        self,
        app_id: str,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        url = URL(self._base + path, encoded=True)
        sent = {"dapr-app-id": app_id, **(_JSON if body is not None else {}), **(headers or {})}
        reply = await self._call(method, url, body, sent)
        if (
            reply.status == HTTPStatus.INTERNAL_SERVER_ERROR
            and b'"ERR_DIRECT_INVOKE"' in reply.body
        ):
            raise Unavailable(f"invoke {app_id}: {_text(reply)}")
        return reply

    async def schedule(self, name: str, *, due_s: float, data: bytes) -> None:
        body = b'{"dueTime":"%dms","overwrite":true,"data":%s,"failurePolicy":%s}' % (
            round(due_s * 1000),
            data,
            b'{"constant":{"interval":"5s"}}',
        )
        self._check(await self._call("POST", self._job(name), body, _JSON), "schedule")

    async def unschedule(self, name: str) -> None:
        self._check(await self._call("DELETE", self._job(name)), "unschedule")

    async def metadata(self) -> Metadata:
        reply = await self._call("GET", URL(f"{self._base}/v1.0/metadata"))
        self._check(reply, "read metadata")
        return metadata_of(reply.body)

    async def breakers(self) -> tuple[Breaker, ...]:
        reply = await self._call("GET", self._metrics_url)
        self._check(reply, "read metrics")
        return breakers_of(reply.body.decode())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _job(self, name: str) -> URL:
        return URL(f"{self._base}/v1.0/jobs/{quote(name, safe='')}", encoded=True)

    def _check(self, reply: Reply, verb: str) -> None:
        if reply.status in _OK:
            return
        # 401 (token), 403 (scope), 404 (component) and 400 (syntax, size) stay wrong when repeated.
        error = Rejected if reply.status in _REFUSED else Unavailable
        raise error(f"{verb}: {reply.status} {_text(reply)}")

    async def _call(
        self,
        method: str,
        url: URL,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        check_size(f"{method} {url.path}", body or b"")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        sent = {**(headers or {}), **outgoing_headers()}
        try:
            async with self._session.request(
                method, url, data=body, headers=sent, allow_redirects=False
            ) as answer:
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(answer.status, await _read(answer), names)
        except TimeoutError as error:
            raise Unavailable(f"{method} {url.path}: no answer in time") from error
        except aiohttp.ClientError as error:
            raise Unavailable(f"{method} {url.path}: {error}") from error


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body. Raises `Unavailable` when it is larger than any that we need."""
    read = bytearray()
    async for chunk in answer.content.iter_any():
        read += chunk
        if len(read) > MAX_ANSWER_BYTES:
            raise Unavailable(f"{answer.method} {answer.url.path}: the answer is too large")
    return bytes(read)


def _save_item(write: Write) -> bytes:
    tag = b'"etag":%s,' % to_json(write.etag) if write.etag is not None else b""
    return b'{"key":%s,"value":%s,%s"options":{"concurrency":"first-write"}}' % (
        to_json(write.key),
        write.value,
        tag,
    )


def _text(reply: Reply) -> str:
    return reply.body[:300].decode(errors="replace")
