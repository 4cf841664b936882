"""What the sandboxes answer when they cannot do what was asked: RFC 9457 problems.

HTTPException
└── Problem           a refusal with a type of its own; every other error is mapped to the same form
"""

import asyncio
import json
from typing import cast

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
MAX_ERRORS_SHOWN = 5


class Problem(HTTPException):
    """A refusal: `slug` names its type, `detail` says what to do about it."""

    def __init__(
        self, status: int, slug: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, headers)
        self.slug = slug


def problem_body(status: int, slug: str, detail: str) -> str:
    """Give `{"type","title","status","detail"}` as JSON; ASCII, so that any input may be quoted."""
    title = slug.replace("-", " ").capitalize()
    kind = f"urn:cafe-sandbox:problem:{slug}"
    return json.dumps({"type": kind, "title": title, "status": status, "detail": detail})


def _response(
    status: int, slug: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    body = problem_body(status, slug, detail)
    return Response(body, status, headers, media_type="application/problem+json")


async def _refused(_: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    slug = refusal.slug if isinstance(refusal, Problem) else "refused"
    headers = dict(refusal.headers or {})
    return _response(refusal.status_code, slug, str(refusal.detail), headers)


async def _invalid(_: Request, error: Exception) -> Response:
    errors = cast("RequestValidationError", error).errors()[:MAX_ERRORS_SHOWN]
    shown = (f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in errors)
    return _response(400, "invalid-request", "; ".join(shown))


async def _broken(_: Request, __: Exception) -> Response:
    return _response(500, "internal-error", "A bug in the sandbox; its log has the traceback.")


class RequestGuard:
    """ASGI middleware that ends requests that are too large (413) or outlive the server (503).

    FastAPI's own `max_body_size` answers in plain text, and a request that uvicorn cancels at
    shutdown would end in a traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes of the body, whether or not a length was announced."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise Problem(413, "body-too-large", f"At most {MAX_BODY_BYTES} bytes.")
            return message

        try:
            await self._app(scope, counted, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            await _response(503, "stopping", "The sandbox is stopping.")(scope, receive, send)


def install_problems(app: FastAPI) -> None:
    """Make every error of `app` a problem, and limit its request bodies."""
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(RequestGuard)
