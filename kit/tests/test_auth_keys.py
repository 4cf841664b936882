"""The identity provider's keys: read, kept, replaced, and enough while the provider is away."""

import asyncio

import pytest

from cafe_kit.auth import Principal, TokenVerifier
from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.problems import TemporarilyAway, Unauthenticated
from cafe_kit.sidecar import Reply
from kit.tests.issuer import Issuer, claims
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import SETTINGS

ASK_AGAIN_S = 5
REFRESH_S = 600


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


@pytest.mark.parametrize("kid", ["sandbox-", "sandbox-1"])
async def test_in_production_a_key_that_says_it_is_a_sandbox_s_signs_for_nobody(
    verifier: TokenVerifier, issuer: Issuer, kid: str
) -> None:
    issuer.keys[kid] = issuer.keys["key-1"]

    with pytest.raises(Unauthenticated, match="this is production"):
        await verifier.verify(issuer.token(kid))
    assert (await verifier.verify(issuer.token())).sub == "ana"


async def test_a_sandbox_is_met_in_production_only_and_only_while_it_is_there(
    verifier: TokenVerifier, sidecar: MemorySidecar, issuer: Issuer, clock: ManualClock
) -> None:
    lenient = TokenVerifier(
        sidecar,
        clock,
        issuer=SETTINGS.token_issuer,
        audience=SETTINGS.token_audience,
        sandbox_keys=True,
    )
    assert not await verifier.meets_sandbox()
    issuer.away = True
    assert not await verifier.meets_sandbox()

    issuer.away = False
    issuer.rotate("sandbox-1")

    assert await verifier.meets_sandbox()
    assert not await lenient.meets_sandbox()
    assert (await lenient.verify(issuer.token("sandbox-1"))).sub == "ana"
