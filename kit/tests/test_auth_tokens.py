"""Who is asking: good tokens, bad tokens, and what a route answers to each."""

from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cafe_kit.auth import TokenVerifier
from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.problems import Unauthenticated
from kit.tests.issuer import LIFETIME_S, Issuer, rsa_key
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import client_of, lamp_app


async def test_a_good_token_names_its_caller(verifier: TokenVerifier, issuer: Issuer) -> None:
    token = issuer.token(roles=["keeper", "owner"], house="blue")

    principal = await verifier.verify(token)

    assert (principal.sub, principal.roles) == ("ana", {"keeper", "owner"})
    assert principal.claims["house"] == "blue"


async def test_a_token_signed_with_rsa_is_good(verifier: TokenVerifier, issuer: Issuer) -> None:
    issuer.keys["rsa"] = rsa_key()

    assert (await verifier.verify(issuer.token("rsa"))).sub == "ana"


async def test_a_token_signed_in_another_way_is_refused(
    verifier: TokenVerifier, issuer: Issuer
) -> None:
    """Two algorithms are enough; each further one is one more to get wrong."""
    issuer.keys["ec"] = ec.generate_private_key(ec.SECP256R1())

    with pytest.raises(Unauthenticated, match="alg value is not allowed"):
        await verifier.verify(issuer.token("ec"))


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
        await verifier.verify(issuer.unsigned_token())


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
