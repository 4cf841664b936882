"""Sign-in for browsers: OpenID Connect's authorization-code flow with PKCE, without a password.

1. `GET /authorize` shows who can be chosen (pages.py); a session remembers the choice.
2. The browser goes back to the client with a code; `POST /token` gives tokens for it, once.
3. `POST /token` with a refresh token gives new ones, until the session ends (`GET /logout`).

RFC 6749, 7636 (only S256), 9207 (`iss` in the answer); OpenID Connect Core, Discovery and
RP-Initiated Logout 1.0. One public client, and the redirect URIs given at the start.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import ValidationError

from cafe_sandbox import pages
from cafe_sandbox.grants import SESSION_S, Asked, Granted, Grants, NotGranted, Session
from cafe_sandbox.oauth import (
    CLIENT_ID,
    NO_STORE,
    AuthorizeRequest,
    CodeRequest,
    OAuthError,
    authorize_request,
    form_of,
    grant_request,
    on_oauth_error,
    once,
)
from cafe_sandbox.people import OFFERED, Person
from cafe_sandbox.signer import Signer

SESSION_COOKIE: Final = "sandbox-session"
FORM_COOKIE: Final = "sandbox-form"


@dataclass(frozen=True, slots=True)
class Front:
    """How browsers reach this provider, where they may be sent back to, how long tokens live."""

    public_url: str = "http://127.0.0.1:9012"
    redirect_uris: tuple[str, ...] = ()
    token_ttl_s: int = 900

    @property
    def origins(self) -> list[str]:
        """The origins of the redirect URIs: whose scripts may read answers (CORS)."""
        parts = (urlsplit(uri) for uri in self.redirect_uris)
        return sorted({f"{part.scheme}://{part.netloc}" for part in parts})


class Oidc:
    """The routes, over what was granted."""

    def __init__(self, signer: Signer, grants: Grants, front: Front) -> None:
        self._signer = signer
        self._grants = grants
        self._front = front

    def install(self, app: FastAPI) -> None:
        """Add the routes, except the token endpoint's: `token` shares it with a simpler form."""
        app.add_exception_handler(OAuthError, on_oauth_error)
        app.add_api_route("/.well-known/openid-configuration", self.configuration)
        app.add_api_route("/authorize", self.authorize, methods=["GET"])
        app.add_api_route("/authorize", self.choose, methods=["POST"])
        app.add_api_route("/logout", self.logout, methods=["GET"])

    async def configuration(self) -> dict[str, Any]:
        """Give the provider's metadata (OpenID Connect Discovery, section 3)."""
        url = self._front.public_url
        return {
            "issuer": self._signer.issuer,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/.well-known/jwks.json",
            "end_session_endpoint": f"{url}/logout",
            "scopes_supported": ["openid"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "select_account", "login"],
            "authorization_response_iss_parameter_supported": True,
        }

    async def authorize(self, request: Request) -> Response:
        """Send the browser back with a code; ask first who it is where no session says so."""
        fields = _of_client(once(request.query_params.multi_items()))
        if (refusal := self._wrong_client(fields)) is not None:
            return refusal
        try:
            asked = authorize_request(fields)
        except OAuthError as error:
            return self._back(fields, error=error.error, error_description=error.detail)
        session_id = request.cookies.get(SESSION_COOKIE, "")
        if asked.prompt in (None, "none") and self._grants.session(session_id) is not None:
            return self._with_code(session_id, asked)
        if asked.prompt == "none":
            return self._back(fields, error="login_required")
        return self._picker(request, fields)

    async def choose(self, request: Request) -> Response:
        """Sign in whom the form names, and send the browser back with a code."""
        form = await form_of(request)
        fields = _of_client(form)
        if (refusal := self._wrong_client(fields)) is not None:
            return refusal
        asked = authorize_request(fields)
        known = request.cookies.get(FORM_COOKIE, "").encode()
        # Another site's form comes without the cookie; nothing must not equal nothing.
        if not known or not hmac.compare_digest(known, form.get("form_token", "").encode()):
            return self._picker(request, fields, "This page was out of date. Please choose again.")
        try:
            person = _chosen(form)
        except ValidationError as error:
            return self._picker(request, fields, _sentence(error))
        session_id = self._grants.begin(person)
        answer = self._with_code(session_id, asked)
        _remember(answer, session_id)
        return answer

    async def token(self, request: Request) -> Response:
        """Give tokens for a code or a refresh token. Raises `OAuthError`."""
        asked = grant_request(await form_of(request))
        try:
            if isinstance(asked, CodeRequest):
                granted = self._grants.redeem(
                    asked.code,
                    client_id=asked.client_id,
                    redirect_uri=asked.redirect_uri,
                    verifier=asked.code_verifier,
                )
            else:
                granted = self._grants.refresh(asked.refresh_token, client_id=asked.client_id)
        except NotGranted as error:
            raise OAuthError("invalid_grant", str(error)) from error
        return JSONResponse(self._tokens(granted), headers=NO_STORE)

    async def logout(self, request: Request) -> Response:
        """End the browser's session; send it on to a registered address, or say so."""
        self._grants.end(request.cookies.get(SESSION_COOKIE, ""))
        target = request.query_params.get("post_logout_redirect_uri", "")
        answer: Response = pages.message("Signed out", "You can close this page.", 200)
        if target in self._front.redirect_uris:
            state = request.query_params.get("state")
            answer = _redirect(target, {"state": state} if state else {})
        for path in ("/authorize", "/logout"):
            answer.delete_cookie(SESSION_COOKIE, path=path)
        return answer

    def _wrong_client(self, fields: Mapping[str, str]) -> Response | None:
        """Where the browser cannot be sent back safely, the person is told (RFC 6749, 4.1.2.1)."""
        if fields.get("client_id") != CLIENT_ID:
            return pages.message("Unknown application", f"Only {CLIENT_ID} can sign in here.", 400)
        if fields.get("redirect_uri") not in self._front.redirect_uris:
            text = "The redirect_uri is none of those given by --redirect-uri."
            return pages.message("Unknown address", text, 400)
        return None

    def _picker(self, request: Request, fields: dict[str, str], error: str = "") -> Response:
        # The same for every page of a browser, so that two tabs do not undo each other.
        form_token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
        page = pages.picker(fields.items(), form_token, self._front.origins, error)
        # Strict: no form of another site can bring it along, so none can choose for a person.
        page.set_cookie(
            FORM_COOKIE, form_token, path="/authorize", httponly=True, samesite="strict"
        )
        return page

    def _with_code(self, session_id: str, asked: AuthorizeRequest) -> Response:
        bound = Asked(asked.client_id, asked.redirect_uri, asked.code_challenge, asked.nonce)
        code = self._grants.code(session_id, bound)
        return self._back(asked.model_dump(exclude_none=True), code=code)

    def _back(self, fields: Mapping[str, str], **answer: str) -> Response:
        state = {"state": fields["state"]} if "state" in fields else {}
        return _redirect(fields["redirect_uri"], {**answer, **state, "iss": self._signer.issuer})

    def _tokens(self, granted: Granted) -> dict[str, Any]:
        session, ttl_s = granted.session, self._front.token_ttl_s
        return {
            "access_token": self._signer.access_token(session.person, ttl_s),
            "token_type": "Bearer",
            "expires_in": ttl_s,
            "refresh_token": granted.refresh_token,
            "id_token": self._id_token(session, granted.nonce),
        }

    def _id_token(self, session: Session, nonce: str | None) -> str:
        ttl_s, began_s = self._front.token_ttl_s, session.began_s
        return self._signer.id_token(session.person, CLIENT_ID, ttl_s, began_s=began_s, nonce=nonce)


def _of_client(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name] for name in AuthorizeRequest.model_fields if name in fields}


def _chosen(form: Mapping[str, str]) -> Person:
    """Give whom the form names. Raises `ValidationError` where that is nobody who can be."""
    for person in OFFERED:
        if person.sub == form.get("persona"):
            return person
    roles = [form["role"]] if "role" in form else []
    named = {name: form[name] for name in ("sub", "cafe_id") if name in form}
    return Person.model_validate({**named, "roles": roles})


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    said = " ".join([*map(str, first["loc"]), first["msg"].removeprefix("Value error, ")])
    return f"Please choose again: {said}."


def _remember(answer: Response, session_id: str) -> None:
    # Lax: a person comes here from the web app, which is another site. Only these two paths: on one
    # host cookies do not keep to a port, and the services must never see this one.
    for path in ("/authorize", "/logout"):
        answer.set_cookie(
            SESSION_COOKIE, session_id, SESSION_S, path=path, httponly=True, samesite="lax"
        )


def _redirect(target: str, answer: Mapping[str, str]) -> Response:
    joint = "&" if "?" in target else "?"
    location = f"{target}{joint}{urlencode(answer)}" if answer else target
    return RedirectResponse(location, 303, {**NO_STORE, "referrer-policy": "no-referrer"})
