"""What clients of the authorization-code flow ask, and what they are told when they ask wrongly.

Exception
└── OAuthError        answered as RFC 6749, section 5.2 says: 400 `{"error","error_description"}`
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}
CLIENT_ID: Final = "cafe-web"
MAX_FIELDS: Final = 30

ModelT = TypeVar("ModelT", bound=BaseModel)


class OAuthError(Exception):
    """`error` is a code of RFC 6749 (4.1.2.1, 5.2) or OpenID Connect, `detail` is for people."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


class _Asked(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AuthorizeRequest(_Asked):
    """`GET /authorize`; parameters that are not named here are ignored (RFC 6749, 3.1)."""

    response_type: Literal["code"]
    client_id: str
    redirect_uri: str
    scope: Annotated[str, Field(pattern=r"(^| )openid($| )", max_length=200)]
    state: Annotated[str, Field(max_length=512)] | None = None
    nonce: Annotated[str, Field(max_length=256)] | None = None
    code_challenge: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    code_challenge_method: Literal["S256"]
    prompt: Literal["none", "select_account", "login"] | None = None


class CodeRequest(_Asked):
    """`POST /token` with the code (RFC 6749, 4.1.3, and RFC 7636, 4.5)."""

    grant_type: Literal["authorization_code"]
    code: Annotated[str, Field(max_length=256)]
    redirect_uri: str
    client_id: Literal["cafe-web"]
    code_verifier: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{43,128}$")]


class RefreshRequest(_Asked):
    """`POST /token` with a refresh token (RFC 6749, 6)."""

    grant_type: Literal["refresh_token"]
    refresh_token: Annotated[str, Field(max_length=256)]
    client_id: Literal["cafe-web"]


GrantRequest = Annotated[CodeRequest | RefreshRequest, Field(discriminator="grant_type")]
_GRANT_REQUEST: TypeAdapter[CodeRequest | RefreshRequest] = TypeAdapter(GrantRequest)
_ERRORS: Final = {
    "response_type": "unsupported_response_type",
    "scope": "invalid_scope",
    "grant_type": "unsupported_grant_type",
    "client_id": "invalid_client",
}
"""The code for a bad field; any other is invalid_request."""


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give parameters by name; empty ones are as good as absent (RFC 6749, 3.1).

    Raises:
        OAuthError: one is there twice, or there are more than MAX_FIELDS.

    """
    listed = [pair for pair in pairs if pair[1]]
    if len(listed) > MAX_FIELDS or len(listed) != len(dict(listed)):
        raise OAuthError("invalid_request", "A parameter is repeated, or there are too many.")
    return dict(listed)


async def form_of(request: Request) -> dict[str, str]:
    """Give the fields of a form-encoded body. Raises as `once`."""
    text = (await request.body()).decode(errors="replace")
    try:
        return once(parse_qsl(text, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise OAuthError("invalid_request", "There are too many parameters.") from error


def authorize_request(fields: dict[str, str]) -> AuthorizeRequest:
    """Give what /authorize was asked. Raises `OAuthError`."""
    try:
        return AuthorizeRequest.model_validate(fields)
    except ValidationError as error:
        raise _refusal(error) from error


def grant_request(fields: dict[str, str]) -> CodeRequest | RefreshRequest:
    """Give what /token was asked. Raises `OAuthError`."""
    try:
        return _GRANT_REQUEST.validate_python(fields)
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> OAuthError:
    first = error.errors(include_input=False, include_url=False)[0]
    # A discriminated union names no place for what is wrong with its discriminator.
    field = str(first["loc"][-1]) if first["loc"] else "grant_type"
    absent = first["type"] in ("missing", "union_tag_not_found")
    code = "invalid_request" if absent else _ERRORS.get(field, "invalid_request")
    return OAuthError(code, f"{field}: {first['msg']}")


async def on_oauth_error(_: Request, error: Exception) -> Response:
    """Answer an `OAuthError`."""
    assert isinstance(error, OAuthError)  # noqa: S101 - registered for this type only
    body: dict[str, Any] = {"error": error.error, "error_description": error.detail}
    return JSONResponse(body, 400, NO_STORE)
