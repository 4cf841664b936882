"""What a client may ask of the authorization endpoint, and who is told when it asks wrongly."""

import httpx
import pytest

from sandbox.tests.browser import OTHER_WEB, WEB, Browser, answer_of, asked, error_of
from sandbox.tests.sandbox_program import Program

ISSUER = "https://identity.cafe.example"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://elsewhere.example/"},
        {"redirect_uri": WEB.rstrip("/")},
        {"redirect_uri": f"{WEB}?x=1"},
        {"redirect_uri": WEB.replace("127.0.0.1", "localhost")},
    ],
)
def test_nobody_is_sent_where_no_client_of_ours_is(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    asked_for = browser.authorize(**changes)
    chosen = browser.http.post("/authorize", data=asked(**changes) | {"persona": "ana"})

    for page in (asked_for, chosen):
        assert page.status_code == 400
        assert page.headers["content-type"].startswith("text/html")
        assert "location" not in page.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"prompt": "maybe"}, "invalid_request"),
        ({"nonce": "n" * 257}, "invalid_request"),
        ({"state": "s" * 513}, "invalid_request"),
    ],
)
def test_a_wrong_request_of_our_client_is_told_to_the_client(
    browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    brought = answer_of(browser.authorize(**changes))

    assert brought["error"] == error
    assert brought["error_description"]
    assert brought["iss"] == ISSUER
    assert "code" not in brought


def test_a_parameter_given_twice_is_refused(browser: Browser) -> None:
    twice = f"{httpx.QueryParams(asked())}&state=other"

    page = browser.http.get(f"/authorize?{twice}")

    assert error_of(page) == "invalid_request"


def test_the_metadata_names_the_endpoints_and_what_they_take(
    browser: Browser, provider: Program
) -> None:
    metadata = browser.http.get("/.well-known/openid-configuration").json()

    url = str(provider.client.base_url).rstrip("/")
    assert metadata["issuer"] == ISSUER
    assert metadata["authorization_endpoint"] == f"{url}/authorize"
    assert metadata["token_endpoint"] == f"{url}/token"
    assert metadata["jwks_uri"] == f"{url}/.well-known/jwks.json"
    assert metadata["end_session_endpoint"] == f"{url}/logout"
    assert metadata["code_challenge_methods_supported"] == ["S256"]


def test_a_second_redirect_uri_is_as_good_and_joins_what_it_brings(browser: Browser) -> None:
    back = browser.choose(browser.authorize(redirect_uri=OTHER_WEB), persona="ana")

    code = answer_of(back)["code"]
    assert browser.redeem(code, redirect_uri=OTHER_WEB).status_code == 200
