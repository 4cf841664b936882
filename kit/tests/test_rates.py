"""How often one caller may ask: a burst, then so many a second, each caller alone."""

import pytest

from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.problems import TooMany
from cafe_kit.rates import CALLERS, RateLimit
from kit.tests.issuer import Issuer
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import SETTINGS, client_of, lamp_app


def taken(rate: RateLimit, caller: str = "ana", most: int = 100) -> int:
    """Return how many requests in a row are let through."""
    for number in range(most):
        try:
            rate.take(caller)
        except TooMany:
            return number
    return most


@pytest.fixture
def rate(clock: ManualClock) -> RateLimit:
    return RateLimit(clock, per_s=2, burst=5)


def test_a_burst_is_let_through_and_not_one_more(rate: RateLimit) -> None:
    assert taken(rate) == 5
    assert taken(rate) == 0


@pytest.mark.parametrize(("seconds", "more"), [(0.4, 0), (0.5, 1), (1, 2), (2.5, 5), (3600, 5)])
def test_with_time_comes_room_and_never_more_than_a_burst(
    rate: RateLimit, clock: ManualClock, seconds: float, more: int
) -> None:
    taken(rate)

    clock.advance(seconds)

    assert taken(rate) == more


def test_a_refused_request_costs_nothing(rate: RateLimit, clock: ManualClock) -> None:
    taken(rate)

    let_through: list[int] = []
    for _ in range(8):
        clock.advance(1 / 16)
        let_through.append(taken(rate, most=1))

    assert let_through == [0] * 7 + [1]


def test_one_caller_takes_nothing_from_another(rate: RateLimit) -> None:
    taken(rate, "ana")

    assert taken(rate, "bob") == 5


def test_a_clock_that_goes_back_takes_nothing_away(rate: RateLimit, clock: ManualClock) -> None:
    rate.take("ana")

    clock.advance(-3600)
    assert taken(rate) == 4

    clock.advance(1)
    assert taken(rate) == 2


def test_of_more_callers_than_are_remembered_the_one_not_heard_of_for_longest_is_forgotten(
    rate: RateLimit,
) -> None:
    taken(rate, "ana")
    taken(rate, "bob")
    for number in range(CALLERS - 2):
        rate.take(f"caller-{number}")
    assert taken(rate, "ana") == 0

    rate.take("one-more")

    assert taken(rate, "ana") == 0
    assert taken(rate, "bob") == 5


async def test_a_caller_over_the_rate_is_429_and_told_when_to_come_again(
    sidecar: MemorySidecar, clock: ManualClock, issuer: Issuer
) -> None:
    settings = SETTINGS.model_copy(update={"caller_rate_per_s": 0.5, "caller_burst": 2})
    bearer = {sub: {"authorization": f"Bearer {issuer.token(sub=sub)}"} for sub in ("ana", "bob")}
    async with client_of(lamp_app(sidecar, clock, settings)) as client:
        replies = [await client.get("/me", headers=bearer["ana"]) for _ in range(3)]
        bobs = await client.get("/me", headers=bearer["bob"])
        clock.advance(int(replies[-1].headers["retry-after"]))
        later = await client.get("/me", headers=bearer["ana"])

    assert [reply.status_code for reply in (*replies, bobs, later)] == [200, 200, 429, 200, 200]
    assert replies[-1].headers["content-type"] == "application/problem+json"
    assert replies[-1].json()["detail"] == "At most 0.5 requests a second, please."


async def test_whoever_has_no_good_token_takes_nothing_from_the_one_they_name(
    sidecar: MemorySidecar, clock: ManualClock, issuer: Issuer
) -> None:
    settings = SETTINGS.model_copy(update={"caller_burst": 1})
    forged = issuer.token()
    issuer.rotate("key-1")
    good = issuer.token()
    async with client_of(lamp_app(sidecar, clock, settings)) as client:
        for _ in range(5):
            await client.get("/me", headers={"authorization": f"Bearer {forged}"})
        reply = await client.get("/me", headers={"authorization": f"Bearer {good}"})

    assert reply.status_code == 200
