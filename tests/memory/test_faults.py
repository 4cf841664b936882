"""Every sidecar call of a journey goes wrong once, in every way; afterwards all is as it should be.

The customer and the staff ask again, the broker delivers again, what crashed is started again.
"""

from collections.abc import Callable

import pytest

from cafe_kit.sidecar import Conflict, Unavailable
from tests.memory.cafe import MemoryCafe
from tests.memory.checks import assert_at_rest
from tests.memory.faults import FaultAt, told
from tests.memory.journeys import DECLINED, DELIVERY, Journey, play
from tests.memory.node import Crash

SAVES = frozenset({"save", "save_many"})
ALL = frozenset[str]()
COLD_S = 3_600
"""After this long every cache is empty again."""


def away() -> Unavailable:
    return Unavailable("the sidecar is away")


def lost() -> Conflict:
    return Conflict("another writer was first")


async def play_with(cafe: MemoryCafe, journey: Journey, key: str, fault: FaultAt) -> str:
    """Play the journey from cold caches with one fault; what crashed is started again."""
    cafe.clock.advance(COLD_S)
    cafe.fault = fault

    async def between() -> None:
        await cafe.settle()
        await cafe.heal()
        await cafe.settle()

    return await play(cafe, journey, key, between)


@pytest.mark.parametrize(
    ("app_id", "journey"),
    [
        ("order-svc", DELIVERY),
        ("payment-svc", DELIVERY),
        ("cafe-svc", DELIVERY),
        ("mypage-svc", DELIVERY),
        ("order-svc", DECLINED),
        ("payment-svc", DECLINED),
    ],
    ids=["order", "payment", "cafe", "mypage", "order-declined", "payment-declined"],
)
@pytest.mark.parametrize(
    ("phase", "error", "verbs"),
    [
        ("before", away, ALL),
        ("after", away, ALL),
        ("before", Crash, ALL),
        ("after", Crash, ALL),
        ("before", lost, SAVES),
        ("after", lost, SAVES),
    ],
    ids=["error", "done-but-error", "crash", "done-but-crash", "conflict", "done-but-conflict"],
)
async def test_any_call_of_a_service_may_go_wrong_once(
    cafe: MemoryCafe,
    app_id: str,
    journey: Journey,
    phase: str,
    error: Callable[[], BaseException],
    verbs: frozenset[str],
) -> None:
    nothing = FaultAt(0, phase, error, verbs, app_id)
    await play_with(cafe, journey, "clean", nothing)
    assert nothing.seen > 0

    for number in range(1, nothing.seen + 1):
        with told(number=number):
            fault = FaultAt(number, phase, error, verbs, app_id)

            order_id = await play_with(cafe, journey, str(number), fault)

            assert fault.seen >= number
            await assert_at_rest(cafe, journey, order_id)
