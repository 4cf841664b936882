"""Anyone gets a token for the asking; services verify it by the keys that are shown."""

import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from sandbox.tests.sandbox_program import IDENTITY, Program, problem_of

ISSUER = "https://identity.cafe.example"
ANA = {"sub": "ana", "roles": ["customer"]}


def ask(program: Program, **claims: object) -> str:
    answer = program.client.post("/token", json={**ANA, **claims})
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def verify(
    program: Program, token: str, issuer: str = ISSUER, audience: str = "cafe"
) -> dict[str, Any]:
    """Verify as a service does: the key by its kid from the key set, and every required claim."""
    keys = jwt.PyJWKSet.from_dict(program.client.get("/.well-known/jwks.json").json())
    return jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=["EdDSA"],
        issuer=issuer,
        audience=audience,
        options={"require": ["iss", "aud", "sub", "iat", "exp"]},
    )


def test_a_token_carries_its_claims_and_verifies_for_an_hour(identity: Program) -> None:
    before_s = int(time.time())

    answer = identity.client.post("/token", json=ANA)

    assert set(answer.json()) == {"access_token", "expires_in"}
    assert answer.json()["expires_in"] == 3600
    claims = verify(identity, answer.json()["access_token"])
    assert before_s <= claims["iat"] <= time.time()
    assert claims == {
        "iss": ISSUER,
        "aud": "cafe",
        "sub": "ana",
        "roles": ["customer"],
        "iat": claims["iat"],
        "exp": claims["iat"] + 3600,
    }


def test_a_barista_s_token_names_the_cafe(identity: Program) -> None:
    token = ask(identity, roles=["barista", "operator"], cafe_id="gangnam")

    claims = verify(identity, token)

    assert (claims["roles"], claims["cafe_id"]) == (["barista", "operator"], "gangnam")


def test_a_token_can_be_short_lived_or_expired_from_the_start(identity: Program) -> None:
    short = ask(identity, ttl_s=60)
    expired = ask(identity, ttl_s=-60)

    claims = verify(identity, short)

    assert claims["exp"] - claims["iat"] == 60
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(identity, expired)


def test_a_wrong_request_for_a_token_is_refused(identity: Program) -> None:
    wrongs: list[dict[str, Any]] = [
        {"roles": ["barista"]},
        {"roles": ["barista"], "cafe_id": ""},
        {"roles": ["king"]},
        {"roles": []},
        {"roles": ["rider"] * 5},
        {"roles": "customer"},
        {"sub": ""},
        {"sub": "s" * 129},
        {"sub": 5},
        {"ttl_s": 3601},
        {"admin": True},
    ]
    for wrong in wrongs:
        answer = identity.client.post("/token", json={**ANA, **wrong})

        assert problem_of(answer) == (400, "invalid-request"), wrong


def test_the_key_set_shows_public_keys_only(identity: Program) -> None:
    key = identity.client.get("/.well-known/jwks.json").json()["keys"][0]

    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")


def test_a_forged_token_does_not_verify(identity: Program) -> None:
    head, _, signature = ask(identity).split(".")
    _, payload, _ = ask(identity, sub="eve").split(".")

    with pytest.raises(jwt.InvalidSignatureError):
        verify(identity, ".".join([head, payload, signature]))


def test_after_a_rotation_old_tokens_verify_until_three_keys_are_newer(
    identity: Program,
) -> None:
    old = ask(identity)
    kids = [identity.client.post("/rotate").json()["kid"] for _ in range(2)]
    new = ask(identity)
    assert jwt.get_unverified_header(new)["kid"] == kids[-1]
    assert verify(identity, new)
    assert verify(identity, old)

    identity.client.post("/rotate")

    shown = [key["kid"] for key in identity.client.get("/.well-known/jwks.json").json()["keys"]]
    assert len(shown) == 3
    assert shown[1:] == kids[::-1], "newest first"
    with pytest.raises(KeyError):
        verify(identity, old)


def test_tokens_survive_a_restart(own_identity: Program) -> None:
    before_rotation = ask(own_identity)
    own_identity.client.post("/rotate")
    after_rotation = ask(own_identity)
    own_identity.kill()

    own_identity.start()

    assert verify(own_identity, before_rotation)["sub"] == "ana"
    assert verify(own_identity, after_rotation)["sub"] == "ana"


def test_only_the_owner_may_read_the_keys_and_no_draft_of_them_stays(identity: Program) -> None:
    identity.client.post("/rotate")

    assert identity.data.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in identity.data.parent.iterdir()} == {"keys.json"}


def test_issuer_and_audience_come_from_the_environment(tmp_path: Path) -> None:
    environment = {"TOKEN_ISSUER": "https://other.example", "TOKEN_AUDIENCE": "tea"}
    with Program(IDENTITY, tmp_path / "keys.json", environment) as program:
        claims = verify(program, ask(program), "https://other.example", "tea")

    assert (claims["iss"], claims["aud"]) == ("https://other.example", "tea")
