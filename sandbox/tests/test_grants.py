"""What is kept is bounded and ends: sessions, codes, refresh tokens."""

import pytest

from cafe_sandbox.grants import (
    CODE_S,
    MAX_KEPT,
    SESSION_S,
    Asked,
    Grants,
    NotGranted,
    challenge_of,
)
from cafe_sandbox.kept import Kept
from cafe_sandbox.people import OFFERED

VERIFIER = "v" * 43
ASKED = Asked("web", "https://web.example/", challenge_of(VERIFIER))
ANA = OFFERED[0]


class Clock:
    """Stands still."""

    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def grants(clock: Clock) -> Grants:
    return Grants(clock)


def redeem(grants: Grants, code: str) -> str:
    uri = ASKED.redirect_uri
    granted = grants.redeem(code, client_id="web", redirect_uri=uri, verifier=VERIFIER)
    return granted.refresh_token


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_code_is_good_for_a_minute(grants: Grants, clock: Clock) -> None:
    session = grants.begin(ANA)
    in_time, late = grants.code(session, ASKED), grants.code(session, ASKED)

    clock.now_s += CODE_S - 1
    assert redeem(grants, in_time)

    clock.now_s += 1
    with pytest.raises(NotGranted, match="older than a minute"):
        redeem(grants, late)


def test_a_session_ends_by_itself_and_with_it_its_refresh_tokens(
    grants: Grants, clock: Clock
) -> None:
    session = grants.begin(ANA)
    clock.now_s += 10
    token = redeem(grants, grants.code(session, ASKED))

    clock.now_s += SESSION_S - 10
    assert grants.session(session) is None
    with pytest.raises(NotGranted, match="session has ended"):
        grants.refresh(token, client_id="web")


def test_a_refresh_token_is_its_client_s(grants: Grants) -> None:
    token = redeem(grants, grants.code(grants.begin(ANA), ASKED))

    with pytest.raises(NotGranted):
        grants.refresh(token, client_id="other")
    assert grants.refresh(token, client_id="web").session.person == ANA


def test_a_code_is_its_client_s(grants: Grants) -> None:
    code = grants.code(grants.begin(ANA), ASKED)

    with pytest.raises(NotGranted, match="another client"):
        grants.redeem(code, client_id="other", redirect_uri=ASKED.redirect_uri, verifier=VERIFIER)


def test_a_session_that_ended_before_its_code_was_redeemed_gives_nothing(grants: Grants) -> None:
    session = grants.begin(ANA)
    code = grants.code(session, ASKED)

    grants.end(session)

    with pytest.raises(NotGranted, match="session has ended"):
        redeem(grants, code)


def test_over_the_limit_the_oldest_session_goes(grants: Grants) -> None:
    sessions = [grants.begin(ANA) for _ in range(MAX_KEPT + 1)]

    assert [grants.session(each) is None for each in sessions[:2]] == [True, False]
    assert grants.session(sessions[-1]) is not None


def test_what_is_over_makes_room_first(clock: Clock) -> None:
    kept = Kept[str](clock, limit=3, ttl_s=10)
    kept.put("old")
    kept.put("old too")
    clock.now_s += 10

    kept.put("new")

    assert len(kept) == 1


def test_what_is_dropped_or_unknown_is_not_there(clock: Clock) -> None:
    kept = Kept[str](clock, limit=3, ttl_s=10)
    name = kept.put("value")
    assert kept.get(name) == "value"

    kept.drop(name)
    kept.drop("never there")

    assert kept.get(name) is None
