"""Many people order while a service that is asked on the way is slow or away.

One stack, some phases, one table. In the end every order that was accepted is paid, or cancelled
with its money given back, by our books and by the payment gateway's.
"""

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from tests.chaos.invariants import Evidence, Violation, order_id_of, violations
from tests.chaos.oracle import Oracle, Said
from tests.chaos.people import Doors, People, Who, Wish
from tests.chaos.records import Broker, Documents, Records
from tests.siege.breakers import Change, activations, changes, state_at
from tests.siege.slow_road import SlowRoad
from tests.waiting import wait_until
from tools.launch import RUN_FILE, random_stack
from tools.ports import free_port
from tools.stack import Stack
from tools.topology import app_ids

CAFES: Final = ("gangnam", "hongdae", "jamsil")
SETTLED: Final = frozenset(
    {("PAID", "PAID"), ("ACCEPTED", "PAID"), ("COMPLETED", "PAID"), ("CANCELLED", "REFUNDED")}
) | {("CANCELLED", status) for status in ("FAILED", "VOIDED")}
"""(order, payment): nothing moves any more until a person at the cafe does something."""

SETTINGS: Final = {
    # The same people order again and again, and nobody serves them.
    "order-svc": {"MAX_OPEN_ORDERS": "100000", "ACCEPT_DEADLINE_S": "3600"},
    "payment-svc": {"REFUND_RETRY_FIRST_S": "0.2", "REFUND_RETRY_MOST_S": "2"},
}
LETTERS: Final = {"LETTER_RETRY_FIRST_S": "5", "LETTER_RETRY_MOST_S": "10"}
SETTLED_WITHIN_S: Final = 180.0


@dataclass(frozen=True, slots=True)
class Phase:
    """`begin` makes or ends the trouble; the next phase begins `lasts_s` later."""

    name: str
    lasts_s: float
    begin: Callable[["Siege"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """`users` order, think for about `think_s` and order again, through all phases.

    `breakers` are those that have to open and close: target -> service whose sidecar has it.
    """

    users: int
    think_s: float
    breakers: Mapping[str, str]
    phases: Sequence[Phase]


@dataclass(slots=True)
class Outcome:
    """What was seen: answers by phase, what became of the orders, what is wrong in the end.

    `history` and `activations` (what daprd counted in a phase, by policy and status) by breaker.
    """

    said: dict[str, list[Said]] = field(default_factory=dict[str, list[Said]])
    history: dict[str, list[Change]] = field(default_factory=dict[str, list[Change]])
    activations: dict[tuple[str, str], Counter[tuple[str, str]]] = field(
        default_factory=dict[tuple[str, str], Counter[tuple[str, str]]]
    )
    ended: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    letters: int = 0
    settled_s: float = 0.0
    found: list[Violation] = field(default_factory=list[Violation])

    def while_(self, target: str, state: str, *, but: str = "") -> list[Said]:
        """Return what was asked while a breaker was in a state, `but` for a phase."""
        everything = (each for phase, said in self.said.items() if phase != but for each in said)
        return [each for each in everything if state_at(self.history[target], each.at) == state]


@dataclass(slots=True)
class Siege:
    """A running stack with people in front of it."""

    stack: Stack
    road: SlowRoad
    http: aiohttp.ClientSession
    people: People
    oracle: Oracle
    records: Records
    broker: Broker
    rng: random.Random

    async def slow(self, least_s: float, most_s: float) -> None:
        """Have every request to cafe-svc take so much longer."""
        self.road.delay_s = (least_s, most_s)

    async def gateway(self, mode: str) -> None:
        """Make the payment gateway behave."""
        url = f"{self.stack.url('payment-gateway')}/v1/behaviour"
        async with self.http.put(url, json={"mode": mode}) as answer:
            answer.raise_for_status()

    async def activations(self, service: str, target: str) -> Counter[tuple[str, str]]:
        """Return what a service's sidecar has counted for a target so far."""
        port = self.stack.topology.ports[f"{service}.metrics"]
        async with self.http.get(f"http://127.0.0.1:{port}/metrics") as answer:
            return activations(await answer.text(), target)

    async def order(self, who: Who) -> None:
        """Place one order; the oracle notes the answer."""
        body = {
            "cafe_id": self.rng.choice(CAFES),
            "items": [{"menu_id": "americano", "quantity": 1}],
            "payment_method": "tok_ok",
            "fulfilment": {"method": "pickup"},
        }
        wish = Wish("place", "order-svc", "/orders", key=str(uuid.uuid4()), body=body)
        await self.people.post(who, wish)


async def besiege(folder: Path, plan: Plan, seed: int) -> Outcome:
    """Play a plan on a stack of its own in `folder`."""
    outcome = Outcome()
    async with _siege(folder, seed) as siege:
        over = asyncio.Event()
        crowd = [_user(siege, number, plan.think_s, over) for number in range(plan.users)]
        ordering = asyncio.gather(*crowd)
        for phase in plan.phases:
            await _play(siege, plan, phase, outcome)
        over.set()
        await ordering
        for target, service in plan.breakers.items():
            log = siege.stack.processes[f"{service}.daprd"].log
            outcome.history[target] = changes(log, target)
        await _judge(siege, outcome)
    return outcome


async def _play(siege: Siege, plan: Plan, phase: Phase, outcome: Outcome) -> None:
    first = len(siege.oracle.said)
    before = {to: await siege.activations(of, to) for to, of in plan.breakers.items()}
    await phase.begin(siege)
    await asyncio.sleep(phase.lasts_s)
    for target, service in plan.breakers.items():
        counted = await siege.activations(service, target)
        outcome.activations[phase.name, target] = counted - before[target]
    outcome.said[phase.name] = siege.oracle.said[first:]


async def _user(siege: Siege, number: int, think_s: float, over: asyncio.Event) -> None:
    who = Who(f"customer-{number}", "customer")
    await siege.people.token(who)
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), siege.rng.expovariate(1 / think_s))
        await siege.order(who)


@asynccontextmanager
async def _siege(folder: Path, seed: int) -> AsyncGenerator[Siege]:
    behind, rng = free_port(), random.Random(seed)  # noqa: S311
    env = {app: {**LETTERS, **SETTINGS.get(app, {})} for app in app_ids(RUN_FILE)}
    env["cafe-svc"]["APP_PORT"] = str(behind)
    stack, oracle = random_stack(folder, app_env=env), Oracle(folder / "oracle.jsonl")
    road, broker = SlowRoad(behind, random.Random(seed + 1)), Broker(stack)  # noqa: S311
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        road.opened(stack.topology.ports["cafe-svc"]),
        aiohttp.ClientSession(connector=connector) as http,
    ):
        people = People(stack, http, http, oracle, Doors(stack, http, rng))
        await asyncio.to_thread(stack.__enter__)
        try:
            yield Siege(stack, road, http, people, oracle, Records(stack, http), broker, rng)
        finally:
            await asyncio.to_thread(stack.close)
            await broker.close()
            oracle.close()


async def _judge(siege: Siege, outcome: Outcome) -> None:
    """Wait until all that was asked for is settled, and compare all books."""
    started = time.monotonic()
    ids = {order_id_of(said.who, said.key) for said in siege.oracle.places()}
    try:
        await wait_until(
            lambda: _unsettled(siege, ids),
            lambda left: not left,
            what="every order settled",
            timeout_s=SETTLED_WITHIN_S,
            every_s=1.0,
        )
    except AssertionError as error:
        outcome.found.append(Violation("I2", str(error)))
    outcome.settled_s = time.monotonic() - started
    orders = await siege.records.documents("order-svc", ids)
    payments = await siege.records.documents("payment-svc", ids)
    seen = Evidence(
        siege.oracle,
        orders,
        payments,
        await siege.records.documents("cafe-svc", ids),
        await siege.records.documents("mypage-svc", ids),
        await siege.broker.said(),
        await siege.records.money(),
    )
    outcome.found += violations(seen)
    outcome.letters = await siege.broker.count("letters")
    outcome.ended = Counter(_states(order_id, orders, payments) for order_id in orders)


async def _unsettled(siege: Siege, ids: set[str]) -> list[str]:
    orders = await siege.records.documents("order-svc", ids)
    payments = await siege.records.documents("payment-svc", ids)
    left = [order_id for order_id in orders if _states(order_id, orders, payments) not in SETTLED]
    told = [f"{len(left)} orders, such as {left[0]}"] if left else []
    return [*told, *(f"{n} events for {who}" for who, n in (await siege.broker.behind()).items())]


def _states(order_id: str, orders: Documents, payments: Documents) -> tuple[str, str]:
    payment = payments[order_id]["state"]["status"] if order_id in payments else "-"
    return orders[order_id]["state"]["status"], payment
