"""Business errors as RFC 9457 problems.

Errors::

    Problem                 any status, title and detail
    ├── BadRequest          400 the request itself is malformed
    ├── Unauthenticated     401 no token, or not a good one
    ├── Forbidden           403 the role is missing
    ├── NotFound            404 there is none, or it is another's
    ├── Refused             409 the present state does not allow it
    ├── TooLarge            413 over a limit
    ├── Unprocessable       422 well formed, but not acceptable
    ├── TooMany             429 with Retry-After: over a limit of this caller
    └── TemporarilyAway     503 with Retry-After: the same request may be sent again
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from cafe_kit.logs import get_logger
from cafe_kit.sidecar import Rejected, SidecarError

_log = get_logger()
RETRY_AFTER_S = 2
PROBLEM_JSON: Final = "application/problem+json"


class ProblemBody(BaseModel):
    """The body of every error, `application/problem+json`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    current_status: str | None = None


class Problem(Exception):
    """An error with a status; `extra` members are added to the body."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, **extra: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    def response(self) -> Response:
        return problem_response(self.status, self.detail, self.headers, self.extra)


class BadRequest(Problem):
    """The request is malformed."""

    status = HTTPStatus.BAD_REQUEST


class Unauthenticated(Problem):
    """Who is asking is not known."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": "Bearer"}


class Forbidden(Problem):
    """Who is asking is known and may not."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """There is nothing here for this caller."""

    status = HTTPStatus.NOT_FOUND


class Refused(Problem):
    """Give `current_status=` where a state stands in the way."""

    status = HTTPStatus.CONFLICT


class TooLarge(Problem):
    """Over a limit, which the detail names."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Unprocessable(Problem):
    """The request contradicts itself or an earlier one."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooMany(Problem):
    """The caller has used up what is theirs for now."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    headers: ClassVar[Mapping[str, str]] = {"retry-after": str(RETRY_AFTER_S)}


class TemporarilyAway(Problem):
    """A dependency is away; nothing was promised."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[Mapping[str, str]] = {"retry-after": str(RETRY_AFTER_S)}


def problem_response(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """Render one problem."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(
        to_json({**body, **(extra or {})}),
        status_code=status,
        headers=dict(headers or {}),
        media_type=PROBLEM_JSON,
    )


async def on_problem(_: Request, error: Exception) -> Response:
    """Answer a `Problem`."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for this type only
    return error.response()


async def on_http(_: Request, error: Exception) -> Response:
    """Answer the framework's own errors (404, 405) in the same form."""
    assert isinstance(error, HTTPException)  # noqa: S101
    return problem_response(error.status_code, str(error.detail), error.headers)


async def on_invalid(_: Request, error: Exception) -> Response:
    """400 for what is not JSON or lacks a header, 422 for JSON of the wrong shape."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    issues = error.errors()
    malformed = any(i["type"] == "json_invalid" or i["loc"][0] == "header" for i in issues)
    errors = [{"at": ".".join(map(str, i["loc"])), "detail": i["msg"]} for i in issues[:20]]
    detail = "; ".join(f"{e['at']}: {e['detail']}" for e in errors)
    return problem_response(400 if malformed else 422, detail, None, {"errors": errors})


async def on_sidecar_error(_: Request, error: Exception) -> Response:
    """Answer 503, try again: a dependency is away. What will never be accepted is a bug of ours."""
    if isinstance(error, Rejected):
        return on_bug(error)
    _log.warning("sidecar call failed", error=str(error))
    return TemporarilyAway("A part this request needs is away; send it again.").response()


def on_bug(error: Exception) -> Response:
    """Anything unforeseen is a bug: logged in full, told in one line."""
    _log.error("unexpected error", exc_info=error)
    return problem_response(500, "An unexpected error; it has been logged.")


HANDLERS: Mapping[int | type[Exception], Any] = {
    Problem: on_problem,
    HTTPException: on_http,
    RequestValidationError: on_invalid,
    SidecarError: on_sidecar_error,
}
