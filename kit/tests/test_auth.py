"""Who is asking: good tokens, bad tokens, and an identity provider that comes and goes."""

import asyncio
from datetime import datetime
from typing import Any

import jwt
import pytest

from cafe_kit.auth import Principal, TokenVerifier
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.problems import TemporarilyAway, Unauthenticated
from cafe_kit.sidecar import Reply
from kit.tests.issuer import LIFETIME_S, Issuer, claims, rsa_key
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import SETTINGS, client_of, lamp_app

ASK_AGAIN_S = 5
REFRESH_S = 600


@pytest.fixture
def issuer(dapr: MemoryDapr) -> Issuer:
    issuer = Issuer()
    dapr.apps["identity-provider"] = issuer
    return issuer


@pytest.fixture
def verifier(sidecar: MemorySidecar, clock: ManualClock) -> TokenVerifier:
    return TokenVerifier(
        sidecar, clock, issuer=SETTINGS.token_issuer, audience=SETTINGS.token_audience
    )


async def test_a_good_token_names_its_caller(verifier: TokenVerifier, issuer: Issuer) -> None:
    token = issuer.token(roles=["keeper", "owner"], house="blue")

    principal = await verifier.verify(token)

    assert (principal.sub, principal.roles) == ("ana", {"keeper", "owner"})
    assert principal.claims["house"] == "blue"


async def test_a_token_signed_with_rsa_is_good(verifier: TokenVerifier, issuer: Issuer) -> None:
    issuer.keys["rsa"] = rsa_key()

    assert (await verifier.verify(issuer.token("rsa"))).sub == "ana"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": ...},
        {"aud": "other"},
        {"aud": ...},
        {"exp": ...},
        {"exp": "soon"},
        {"exp": None},
        {"exp": float("nan")},
        {"nbf": "later"},
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
        {"roles": ...},
        {"roles": "keeper"},
    ],
)
async def test_a_token_with_wrong_or_missing_claims_is_refused(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(issuer.token(**changes))


async def test_the_injected_clock_says_when_a_token_expires(
    verifier: TokenVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    token = issuer.token()

    clock.advance(LIFETIME_S - 1)
    await verifier.verify(token)

    clock.advance(1)
    with pytest.raises(Unauthenticated, match="expired"):
        await verifier.verify(token)


async def test_the_injected_clock_says_when_a_token_begins(
    verifier: TokenVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    clock.now = datetime(2999, 1, 1, tzinfo=clock.now.tzinfo)
    now_s = clock.now.timestamp()
    token = issuer.token(iat=now_s, nbf=now_s + 10, exp=now_s + 60)

    with pytest.raises(Unauthenticated, match="not valid yet"):
        await verifier.verify(token)

    clock.advance(10)
    assert (await verifier.verify(token)).sub == "ana"


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "a.b.c.d", "ü.ü.ü", "e30.e30.e30"])
async def test_what_is_no_token_is_refused(
    verifier: TokenVerifier, issuer: Issuer, token: str
) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)

    assert issuer.asked <= 1


async def test_an_unsigned_token_is_refused(verifier: TokenVerifier, issuer: Issuer) -> None:
    await verifier.verify(issuer.token())

    with pytest.raises(Unauthenticated):
        await verifier.verify(jwt.encode(claims(), None, "none", headers={"kid": "key-1"}))


@pytest.mark.parametrize("kid", ["key-1", "rsa"])
async def test_a_public_key_is_no_shared_secret(
    verifier: TokenVerifier, issuer: Issuer, kid: str
) -> None:
    issuer.keys["rsa"] = rsa_key()

    with pytest.raises(Unauthenticated):
        await verifier.verify(issuer.token_signed_with_public_key(kid))


async def test_a_token_signed_by_another_under_a_known_name_is_refused(
    verifier: TokenVerifier, issuer: Issuer
) -> None:
    await verifier.verify(issuer.token())

    with pytest.raises(Unauthenticated):
        await verifier.verify(Issuer().token())


async def test_a_token_that_is_too_long_is_refused_unread(
    verifier: TokenVerifier, issuer: Issuer
) -> None:
    with pytest.raises(Unauthenticated, match="too long"):
        await verifier.verify(issuer.token(filler="x" * 8192))

    assert issuer.asked == 0


async def test_the_keys_are_asked_for_once_and_again_after_ten_minutes(
    verifier: TokenVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    for _ in range(3):
        await verifier.verify(issuer.token())
    assert issuer.asked == 1

    clock.advance(REFRESH_S + 1)
    await verifier.verify(issuer.token())
    await verifier.verify(issuer.token())

    assert issuer.asked == 2


async def test_callers_that_come_at_once_ask_for_the_keys_once(
    verifier: TokenVerifier, issuer: Issuer
) -> None:
    callers = await asyncio.gather(*(verifier.verify(issuer.token()) for _ in range(20)))

    assert [caller.sub for caller in callers] == ["ana"] * 20
    assert issuer.asked == 1


async def test_callers_that_come_at_once_wait_for_one_failure_only(
    verifier: TokenVerifier, issuer: Issuer
) -> None:
    issuer.away = True

    results = await asyncio.gather(
        *(verifier.verify(issuer.token()) for _ in range(20)), return_exceptions=True
    )

    assert {type(result) for result in results} == {TemporarilyAway}
    assert issuer.asked == 1


async def test_unknown_keys_are_asked_for_at_most_every_five_seconds(
    verifier: TokenVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    await verifier.verify(issuer.token())
    stranger = Issuer()
    stranger.rotate("key-9")

    for _ in range(3):
        with pytest.raises(Unauthenticated, match="unknown key"):
            await verifier.verify(stranger.token("key-9"))
    assert issuer.asked == 1

    clock.advance(ASK_AGAIN_S + 1)
    for _ in range(3):
        with pytest.raises(Unauthenticated, match="unknown key"):
            await verifier.verify(stranger.token("key-9"))
    assert issuer.asked == 2


async def test_a_new_key_is_found_and_an_old_one_forgotten(
    verifier: TokenVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    old = issuer.token()
    await verifier.verify(old)

    issuer.rotate("key-2")
    clock.advance(ASK_AGAIN_S + 1)

    assert (await verifier.verify(issuer.token("key-2"))).sub == "ana"
    with pytest.raises(Unauthenticated, match="unknown key"):
        await verifier.verify(old)


NO_KEY_SETS = [
    Reply(500, b'{"title":"oops"}'),
    Reply(200, b'{"keys":[]}'),
    Reply(200, b'{"keys":{"a":1}}'),
    Reply(200, b'{"keys":[{"kty":"unheard-of"}]}'),
    Reply(200, b"[]"),
    Reply(200, b"null"),
    Reply(200, b"<html>"),
    Reply(200, b"\xff"),
    Reply(503, b'{"keys":[{"kty":"OKP"}]}'),
]


async def test_the_last_good_keys_stay_in_use_while_the_provider_is_away(
    verifier: TokenVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    token = issuer.token(exp=claims()["exp"] + REFRESH_S * 100)
    await verifier.verify(token)

    issuer.away = True
    clock.advance(REFRESH_S + 1)
    assert isinstance(await verifier.verify(token), Principal)

    issuer.away = False
    for reply in NO_KEY_SETS:
        issuer.reply = reply
        clock.advance(ASK_AGAIN_S + 1)
        assert isinstance(await verifier.verify(token), Principal)

    assert issuer.asked == 2 + len(NO_KEY_SETS)


@pytest.mark.parametrize("reply", [None, *NO_KEY_SETS])
async def test_without_any_key_a_caller_is_told_to_come_again(
    verifier: TokenVerifier, issuer: Issuer, reply: Reply | None
) -> None:
    issuer.away, issuer.reply = reply is None, reply
    with pytest.raises(TemporarilyAway):
        await verifier.verify(issuer.token())

    issuer.away, issuer.reply = False, None
    assert (await verifier.verify(issuer.token())).sub == "ana"


async def test_a_key_without_a_name_is_of_no_use(verifier: TokenVerifier, issuer: Issuer) -> None:
    issuer.keys[""] = issuer.keys["key-1"]

    with pytest.raises(Unauthenticated):
        await verifier.verify(issuer.token(""))


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        ("/me", "Bearer {}", 200),
        ("/me", "bearer   {} ", 200),
        ("/me", None, 401),
        ("/me", "", 401),
        ("/me", "Bearer", 401),
        ("/me", "Bearer ", 401),
        ("/me", "Basic {}", 401),
        ("/me", "{}", 401),
        ("/me", "Bearer {}x", 401),
        ("/cellar", "Bearer {}", 200),
        ("/cellar", None, 401),
    ],
)
async def test_a_route_asks_for_a_bearer_token(
    sidecar: MemorySidecar,
    clock: ManualClock,
    issuer: Issuer,
    path: str,
    header: str | None,
    status: int,
) -> None:
    headers = {} if header is None else {"authorization": header.format(issuer.token())}
    async with client_of(lamp_app(sidecar, clock)) as client:
        reply = await client.get(path, headers=headers)

    assert reply.status_code == status
    assert reply.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


@pytest.mark.parametrize(("roles", "status"), [([], 403), (["cook"], 403), (["owner"], 200)])
async def test_a_route_may_ask_for_one_of_some_roles(
    sidecar: MemorySidecar, clock: ManualClock, issuer: Issuer, roles: list[str], status: int
) -> None:
    token = issuer.token(roles=roles)
    async with client_of(lamp_app(sidecar, clock)) as client:
        reply = await client.get("/cellar", headers={"authorization": f"Bearer {token}"})

    assert reply.status_code == status
    if status == 403:
        assert reply.json()["detail"] == "This needs the role keeper or owner."


async def test_without_any_key_a_route_answers_503(
    sidecar: MemorySidecar, clock: ManualClock, issuer: Issuer
) -> None:
    issuer.away = True
    async with client_of(lamp_app(sidecar, clock)) as client:
        reply = await client.get("/me", headers={"authorization": f"Bearer {issuer.token()}"})

    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
