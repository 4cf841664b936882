"""A browser signs in: a page to choose from, a code, tokens, and everything that is refused."""

import re
import time
from functools import partial

import httpx
import jwt
import pytest

from sandbox.tests.browser import (
    CLIENT,
    WEB,
    Browser,
    answer_of,
    asked,
    error_of,
    hidden_fields,
)

ISSUER = "https://identity.cafe.example"


def claims(browser: Browser, token: str, audience: str) -> dict[str, object]:
    keys = jwt.PyJWKSet.from_dict(browser.http.get("/.well-known/jwks.json").json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["EdDSA"], issuer=ISSUER, audience=audience)


def test_a_choice_leads_back_with_a_code_that_gives_tokens(browser: Browser) -> None:
    before_s = int(time.time())
    back = browser.choose(browser.authorize(), persona="ben")
    brought = answer_of(back)

    answer = browser.redeem(brought["code"])

    assert back.headers["location"].startswith(f"{WEB}?")
    assert (brought["state"], brought["iss"]) == ("state-1", ISSUER)
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 60)
    access = claims(browser, tokens["access_token"], "cafe")
    identity = claims(browser, tokens["id_token"], CLIENT)
    ben = {"sub": "ben", "roles": ["barista"], "cafe_id": "gangnam", "iss": ISSUER}
    began_s = int(str(access["iat"]))
    times = {"iat": began_s, "exp": began_s + 60}
    assert access == ben | times | {"aud": "cafe"}
    assert identity.pop("nonce") == "nonce-1"
    assert before_s <= int(str(identity.pop("auth_time"))) <= time.time()
    assert identity == ben | times | {"aud": CLIENT}


def test_an_id_token_is_no_access_token(browser: Browser) -> None:
    tokens = browser.tokens()

    with pytest.raises(jwt.InvalidAudienceError):
        claims(browser, tokens["id_token"], "cafe")


def test_the_session_answers_for_its_browser_until_asked_to_choose_again(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in("rio")

    for prompt in (None, "none"):
        code = answer_of(browser.authorize(prompt=prompt))["code"]
        assert claims(browser, browser.redeem(code).json()["access_token"], "cafe")["sub"] == "rio"
    for prompt in ("select_account", "login"):
        assert browser.authorize(prompt=prompt).status_code == 200
    assert other_browser.authorize().status_code == 200
    assert answer_of(other_browser.authorize(prompt="none")) == {
        "error": "login_required",
        "state": "state-1",
        "iss": ISSUER,
    }


def test_anybody_can_be_somebody_else(browser: Browser) -> None:
    page = browser.authorize()

    back = browser.choose(page, sub="mia & co", role="barista", cafe_id="jamsil")

    token = browser.redeem(answer_of(back)["code"]).json()["access_token"]
    found = claims(browser, token, "cafe")
    assert (found["sub"], found["roles"], found["cafe_id"]) == ("mia & co", ["barista"], "jamsil")


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"persona": "nobody"},
        {"sub": "mia"},
        {"role": "rider"},
        {"sub": "mia", "role": "king"},
        {"sub": "m" * 129, "role": "rider"},
        {"sub": "mia", "role": "barista"},
        {"sub": "mia", "role": "rider", "cafe_id": "c" * 129},
    ],
)
def test_who_cannot_be_chosen_is_asked_again(browser: Browser, choice: dict[str, str]) -> None:
    page = browser.choose(browser.authorize(), **choice)

    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert answer_of(browser.choose(page, persona="ana"))["state"] == "state-1"


def test_the_page_warns_escapes_and_can_neither_be_framed_nor_run_scripts(browser: Browser) -> None:
    page = browser.authorize(state="\"><script>alert('x')</script>")

    policy = page.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:19010 https://cafe.example" in policy
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert hidden_fields(page)["state"] == "\"><script>alert('x')</script>"
    assert "Sandbox." in page.text
    assert "must never be where real people sign in" in page.text


def test_everything_on_the_page_has_a_name(browser: Browser) -> None:
    page = browser.authorize().text

    shown = re.findall(r"<(?:input|select) (?!type=\"hidden\")", page)
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    assert len(shown) == page.count("<label>") == 3
    for name in ("ana, customer", "ben, barista of gangnam", "rio, rider", "olga, operator"):
        assert f">{name}</button>" in page


def test_no_form_of_another_site_chooses_for_a_person(
    browser: Browser, other_browser: Browser
) -> None:
    page, stranger_s = browser.authorize(), other_browser.authorize()
    tokens = [{}, {"form_token": "x"}, {"form_token": hidden_fields(stranger_s)["form_token"]}]

    address = str(browser.http.base_url.join("/authorize"))
    for post, token in [
        *((partial(browser.http.post, "/authorize"), each) for each in tokens),
        *((partial(httpx.post, address), each) for each in [*tokens, {"form_token": ""}]),
    ]:
        refused = post(data=asked() | {"persona": "olga"} | token)

        assert (refused.status_code, "out of date" in refused.text) == (400, True)
        assert "sandbox-session" not in refused.headers.get("set-cookie", "")
    assert answer_of(browser.choose(page, persona="ana"))["code"]


def test_cookies_are_out_of_reach_of_scripts_other_sites_and_the_services(browser: Browser) -> None:
    page = browser.authorize()
    back = browser.choose(page, persona="ana")

    form, session = (
        [line.lower() for line in answer.headers.get_list("set-cookie")] for answer in (page, back)
    )
    assert ["httponly" in line for line in form + session] == [True] * 3
    assert [line.partition("path=")[2].partition(";")[0] for line in form + session] == [
        "/authorize",
        "/authorize",
        "/logout",
    ]
    assert "samesite=strict" in form[0]
    assert all("samesite=lax" in line for line in session)


def test_signing_out_ends_the_session_and_its_refresh_tokens(browser: Browser) -> None:
    tokens = browser.tokens()

    left = browser.http.get("/logout", params={"post_logout_redirect_uri": WEB, "state": "s"})

    assert left.headers["location"] == f"{WEB}?state=s"
    assert browser.authorize().status_code == 200
    assert error_of(browser.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_who_signs_out_is_sent_only_where_the_web_app_is(browser: Browser) -> None:
    elsewhere = browser.http.get("/logout?post_logout_redirect_uri=https://elsewhere.example/")
    nowhere = browser.http.get("/logout")

    assert (elsewhere.status_code, nowhere.status_code) == (200, 200)
    assert "Signed out" in nowhere.text
