"""The sieges: the numbers of the original exercise, and a short one for every day.

The exercise: the callee takes 400 to 620 ms, its caller waits 610 ms, 100 users order for 60 s.
With that about one call in twenty is given up, hardly ever three in a row, and a menu is asked for
once in five seconds: the breaker has no reason to open. So a second phase takes longer than the
caller ever waits.
"""

from functools import partial
from typing import Final

from tests.siege.siege import Phase, Plan, Siege

NORMAL: Final = "all is well"
SLOW: Final = "cafe-svc takes 400 to 620 ms"
TOO_SLOW: Final = "cafe-svc takes 700 to 900 ms"
DOWN: Final = "the payment gateway is down"
BOTH: Final = "both"
HEALED: Final = "all is well again"
SLOW_S: Final = (0.4, 0.62)
TOO_SLOW_S: Final = (0.7, 0.9)
MENU: Final = {"cafe-svc": "order-svc"}
GATEWAY: Final = {"payment-gateway": "payment-svc"}


async def _trouble(siege: Siege, *, delay_s: tuple[float, float], gateway: str) -> None:
    siege.road.delay_s = delay_s
    await siege.gateway(gateway)


def _phase(
    name: str, lasts_s: float, delay_s: tuple[float, float] = (0.0, 0.0), gateway: str = "normal"
) -> Phase:
    return Phase(name, lasts_s, partial(_trouble, delay_s=delay_s, gateway=gateway))


SLOW_CAFE: Final = Plan(
    users=100,
    think_s=4.0,
    breakers=MENU,
    phases=(
        _phase(NORMAL, 10),
        _phase(SLOW, 60, SLOW_S),
        _phase(TOO_SLOW, 20, TOO_SLOW_S),
        _phase(HEALED, 10),
    ),
)
GATEWAY_DOWN: Final = Plan(
    users=100,
    think_s=10.0,
    breakers=GATEWAY,
    phases=(_phase(NORMAL, 5), _phase(DOWN, 60, gateway="down"), _phase(HEALED, 10)),
)
SHORT: Final = Plan(
    users=40,
    think_s=4.0,
    breakers=MENU | GATEWAY,
    phases=(
        _phase(NORMAL, 3),
        _phase(BOTH, 9, TOO_SLOW_S, gateway="down"),
        _phase(HEALED, 7),
    ),
)
