"""The token endpoint: codes and refresh tokens work once, and only for whom they were given to."""

import pytest

from sandbox.tests.browser import ORIGIN, OTHER_WEB, VERIFIER, WEB, Browser, error_of
from sandbox.tests.sandbox_program import Program, problem_of


def test_a_code_used_twice_also_ends_what_came_of_it(browser: Browser) -> None:
    code = browser.sign_in()
    tokens = browser.redeem(code).json()

    again = browser.redeem(code)

    assert error_of(again) == "invalid_grant"
    assert error_of(browser.refresh(tokens["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": VERIFIER[:-1] + "X"},
        {"redirect_uri": OTHER_WEB},
        {"redirect_uri": "https://elsewhere.example/"},
    ],
)
def test_a_code_is_of_use_only_to_who_asked_for_it(
    browser: Browser, changes: dict[str, str]
) -> None:
    code = browser.sign_in()

    assert error_of(browser.redeem(code, **changes)) == "invalid_grant"
    assert error_of(browser.redeem(code)) == "invalid_grant", "a wrong try uses it up"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"code": "x"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        (
            {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "other"},
            "invalid_client",
        ),
    ],
)
def test_a_wrong_request_is_named(browser: Browser, fields: dict[str, str], error: str) -> None:
    assert error_of(browser.token(**fields)) == error


@pytest.mark.parametrize("verifier", ["short", "v" * 129, "ö" * 43])
def test_a_verifier_has_43_to_128_plain_characters(browser: Browser, verifier: str) -> None:
    code = browser.sign_in()

    assert error_of(browser.redeem(code, code_verifier=verifier)) == "invalid_request"


def test_a_code_nobody_was_given_is_worth_nothing(browser: Browser) -> None:
    assert error_of(browser.redeem("made-up")) == "invalid_grant"


def test_refresh_tokens_follow_each_other(browser: Browser) -> None:
    first = browser.tokens("rio")

    second = browser.refresh(first["refresh_token"])
    third = browser.refresh(second.json()["refresh_token"])

    assert (second.status_code, third.status_code) == (200, 200)
    assert second.json().keys() == first.keys()
    assert second.json()["refresh_token"] != first["refresh_token"]


def test_a_refresh_token_used_twice_ends_its_chain(browser: Browser) -> None:
    first = browser.tokens()
    second = browser.refresh(first["refresh_token"]).json()

    stolen = browser.refresh(first["refresh_token"])

    assert error_of(stolen) == "invalid_grant"
    assert error_of(browser.refresh(second["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("token", ["x", "x.y", ".", "é.é"])
def test_a_refresh_token_nobody_was_given_is_worth_nothing(browser: Browser, token: str) -> None:
    assert error_of(browser.refresh(token)) == "invalid_grant"


def test_too_many_parameters_are_refused(browser: Browser) -> None:
    fields = {f"field-{number}": "x" for number in range(31)}

    assert error_of(browser.token(**fields)) == "invalid_request"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/jwks.json"])
def test_scripts_of_the_web_app_may_read_what_they_need(browser: Browser, path: str) -> None:
    ours = browser.http.get(path, headers={"origin": ORIGIN})
    others = browser.http.get(path, headers={"origin": "https://elsewhere.example"})

    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert ours.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in others.headers


def test_scripts_of_the_web_app_may_read_tokens_and_refusals(browser: Browser) -> None:
    answers = [
        browser.redeem(browser.sign_in()),
        browser.redeem("made-up"),
        browser.http.post("/token", data={"x": "x" * 70_000}, headers={"origin": ORIGIN}),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 413]
    allowed = {answer.headers["access-control-allow-origin"] for answer in answers}
    assert allowed == {ORIGIN}
    assert all("access-control-allow-credentials" not in answer.headers for answer in answers)


@pytest.mark.parametrize("path", ["/authorize", "/logout", "/rotate", "/livez"])
def test_no_script_of_any_origin_reads_the_rest(browser: Browser, path: str) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "GET"}

    answers = [
        browser.http.get(path, headers={"origin": ORIGIN}),
        browser.http.options(path, headers=asked),
    ]

    assert all("access-control-allow-origin" not in answer.headers for answer in answers)


def test_without_redirect_uris_no_browser_signs_in(identity: Program) -> None:
    browser = Browser(str(identity.client.base_url))
    with browser.http:
        page = browser.authorize(redirect_uri=WEB)

    assert page.status_code == 400
    assert "--redirect-uri" in page.text


def test_json_is_still_the_simple_form(provider: Program) -> None:
    good = provider.client.post("/token", json={"sub": "ana", "roles": ["customer"]})
    bad = provider.client.post("/token", content=b"grant_type=refresh_token")

    assert set(good.json()) == {"access_token", "expires_in"}
    assert problem_of(bad) == (400, "invalid-request")
