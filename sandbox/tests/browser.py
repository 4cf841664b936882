"""A browser without a screen, as far as signing in needs one: cookies by path, no redirects."""

import html
import re
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from cafe_sandbox.grants import challenge_of

CLIENT = "cafe-web"
WEB = "http://127.0.0.1:19010/"
OTHER_WEB = "https://cafe.example/app"
ORIGIN = "http://127.0.0.1:19010"
VERIFIER = "a-verifier.of_43~characters-at-least-0123456789"
ARGUMENTS = ("--redirect-uri", WEB, "--redirect-uri", OTHER_WEB, "--token-ttl-s", "60")


def asked(**changes: str | None) -> dict[str, str]:
    """Give the parameters of a good authorization request, changed; None leaves one out."""
    good = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": WEB,
        "scope": "openid",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def answer_of(response: httpx.Response) -> dict[str, str]:
    """Give the parameters that a redirect brings to the web app."""
    assert response.status_code == 303, response.text
    found = parse_qs(urlsplit(response.headers["location"]).query, strict_parsing=True)
    return {name: value for name, [value] in found.items()}


@dataclass
class Browser:
    """One browser, on its way to the provider at `url` from the web app at `web`.

    Every `Browser` has cookies of its own.
    """

    url: str
    web: str = WEB
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        # Everything is plain http; a context without certificates is made a hundred times faster.
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.http = httpx.Client(base_url=self.url, trust_env=False, verify=plain)

    def authorize(self, **changes: str | None) -> httpx.Response:
        """Open the page of an authorization request."""
        wanted = asked(**{"redirect_uri": self.web, **changes})
        return self.http.get("/authorize", params=wanted)

    def choose(self, page: httpx.Response, **choice: str) -> httpx.Response:
        """Send the first form of a page with a choice, e.g. `persona="ana"`."""
        return self.http.post("/authorize", data=hidden_fields(page) | choice)

    def sign_in(self, persona: str = "ana", **changes: str | None) -> str:
        """Choose somebody; give the code."""
        return answer_of(self.choose(self.authorize(**changes), persona=persona))["code"]

    def token(self, **fields: str) -> httpx.Response:
        """Ask the token endpoint as the web app does."""
        return self.http.post("/token", data=fields, headers={"origin": self.web.rstrip("/")})

    def redeem(self, code: str, **changes: str) -> httpx.Response:
        """Send the code."""
        good = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.web,
            "client_id": CLIENT,
            "code_verifier": VERIFIER,
        }
        return self.token(**{**good, **changes})

    def refresh(self, refresh_token: str, client_id: str = CLIENT) -> httpx.Response:
        """Send the refresh token."""
        return self.token(
            grant_type="refresh_token", refresh_token=refresh_token, client_id=client_id
        )

    def tokens(self, persona: str = "ana") -> dict[str, Any]:
        """Sign in; give all tokens."""
        answer = self.redeem(self.sign_in(persona))
        assert answer.status_code == 200, answer.text
        return answer.json()


def hidden_fields(page: httpx.Response) -> dict[str, str]:
    """Give what the first form of a page sends along."""
    form = page.text.partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def error_of(answer: httpx.Response) -> str:
    """Give the code of an answer that must be an OAuth error (RFC 6749, 5.2)."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}
    return answer.json()["error"]
