"""One row of the matrix: a fresh stack, load, the faults, rest, the checks."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import aiohttp

from tests.chaos.faults import Fault, Scene
from tests.chaos.invariants import Evidence, Violation, order_id_of, secrets_in, violations
from tests.chaos.load import Load
from tests.chaos.oracle import Oracle
from tests.chaos.people import Doors, People
from tests.chaos.records import Broker, Records
from tests.chaos.rest import Rest, shown_otherwise
from tests.e2e.crashes import KILL_FILE
from tools.launch import RUN_FILE, random_stack
from tools.stack import Stack
from tools.terminal import StackError
from tools.topology import app_ids

SHORT: Final = {
    "order-svc": {
        "PAYMENT_DEADLINE_S": "25",
        "ACCEPT_DEADLINE_S": "40",
        "CANCEL_ANSWER_S": "5",
        "ALERT_AFTER_S": "20",
        "LOOK_AGAIN_S": "60",
    },
    "payment-svc": {"REFUND_RETRY_FIRST_S": "0.2", "REFUND_RETRY_MOST_S": "2"},
    "cafe-svc": {"COLLECTION_TIME_S": "30"},
}
"""Deadlines by which a run comes to rest within minutes."""

LETTERS: Final = {"LETTER_RETRY_FIRST_S": "1", "LETTER_RETRY_MOST_S": "10"}
CALM_S: Final = 4.0  # load without a fault, before the first and after the last
GAP_S: Final = (0.5, 3.0)
REST_WITHIN_S: Final = 180.0
ROW_WITHIN_S: Final = 480.0
"""A row that hangs is given up, and the next is played."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix.

    `rate`: arrivals per second. `every_s`: a fault begins so long after the one before, which may
    last; else each waits for the one before. `orders_go_on` (I12): meanwhile every order is taken;
    `flawless`: no request fails at all. `store`: whatever store the others have. `plays`: what is
    done instead of load and faults; nobody serves then, and deadlines are those of production.
    """

    name: str
    faults: tuple[Fault, ...]
    rate: float = 4.0
    replicas: int = 1
    every_s: float | None = None
    orders_go_on: bool = False
    flawless: bool = False
    store: str = ""
    plays: "Callable[[Play, Say], Awaitable[None]] | None" = None


@dataclass(slots=True)
class Result:
    """What was seen of one row; `broken` says why it could not be played to its end."""

    row: Row
    seed: int
    took_s: float = 0.0
    requests: int = 0
    accepted: int = 0
    ended: Counter[str] = field(default_factory=Counter[str])
    asked_again: int = 0
    shed: int = 0
    failed: int = 0
    said_again: int = 0
    letters: int = 0
    rest_s: float = 0.0
    last_failure_s: float = 0.0
    found: list[Violation] = field(default_factory=list[Violation])
    notes: list[str] = field(default_factory=list[str])
    broken: str = ""

    @property
    def good(self) -> bool:
        """Whether everything held."""
        return not self.found and not self.broken


@dataclass(slots=True)
class Play:
    """All that one row is played with."""

    row: Row
    scene: Scene
    oracle: Oracle
    load: Load
    records: Records
    broker: Broker
    hurt_from: float = 0.0
    hurt_to: float = 0.0
    found: list[Violation] = field(default_factory=list[Violation])


def play(row: Row, store: str, seed: int, folder: Path, say: Say) -> Result:
    """Play one row; whatever goes wrong on the way is told in the result."""
    result, started = Result(row, seed), time.monotonic()
    folder.mkdir(parents=True)
    faults = {"FAULT_KILL": str(folder / KILL_FILE), **LETTERS}
    short = {} if row.plays else SHORT
    env = {app: {**faults, **short.get(app, {})} for app in app_ids(RUN_FILE)}
    try:
        with random_stack(
            folder, app_env=env, replicas=row.replicas, store=row.store or store, tell=say
        ) as stack:
            asyncio.run(_play(row, stack, result, say))
    except Exception as error:  # noqa: BLE001 - told; the next row is played all the same
        result.broken = _told(error)
    result.took_s = time.monotonic() - started
    return result


def _told(error: Exception) -> str:
    """Tell the first cause in one line."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:400]


async def _play(row: Row, stack: Stack, result: Result, say: Say) -> None:
    async with asyncio.timeout(ROW_WITHIN_S), _ready(row, stack, result.seed) as it:
        say(f"  {stack.seconds_to_ready:.1f} s to start")
        await (row.plays or _under_load)(it, say)
        await it.load.over()
        await it.scene.until_over.aclose()
        try:
            await asyncio.to_thread(stack.heal)
        except StackError as error:
            result.found += [Violation("I2", _told(error))]
        say(f"  load is over, {len(it.oracle.acknowledged())} orders accepted; waiting for rest")
        await _judge(it, result)


@asynccontextmanager
async def _ready(row: Row, stack: Stack, seed: int) -> AsyncGenerator[Play]:
    rng, oracle = random.Random(seed), Oracle(stack.folder.path / "oracle.jsonl")  # noqa: S311
    many, once = aiohttp.TCPConnector(limit=0), aiohttp.TCPConnector(force_close=True)
    async with (
        AsyncExitStack() as until_over,
        aiohttp.ClientSession(connector=many) as http,
        aiohttp.ClientSession(connector=once) as apart,
    ):
        doors, broker = Doors(stack, http, random.Random(seed + 1)), Broker(stack)  # noqa: S311
        load = Load(People(stack, http, apart, oracle, doors), rng)
        scene = Scene(stack, broker, apart, random.Random(seed + 2), until_over)  # noqa: S311
        watching = asyncio.create_task(doors.watch())
        try:
            yield Play(row, scene, oracle, load, Records(stack, apart), broker)
        finally:
            watching.cancel()
            oracle.close()
            await broker.close()


async def _under_load(it: Play, say: Say) -> None:
    it.load.rate = it.row.rate
    arrivals = asyncio.create_task(it.load.arrive())
    await asyncio.sleep(CALM_S)
    it.hurt_from = time.time()
    await _hurt(it, say)
    it.hurt_to = time.time()
    await asyncio.sleep(CALM_S)
    arrivals.cancel()


async def _hurt(it: Play, say: Say) -> None:
    """Play the faults, one after the other or each a while after the one before."""
    async with asyncio.TaskGroup() as lasting:
        for fault in it.row.faults:
            await asyncio.sleep(it.scene.rng.uniform(*GAP_S))
            say(f"  {fault.name}")
            one = lasting.create_task(_one(it.scene, fault))
            if it.row.every_s is None:
                await asyncio.wait([one])
            else:
                await asyncio.sleep(it.row.every_s)


async def _one(scene: Scene, fault: Fault) -> None:
    await fault.inject(scene)
    await asyncio.sleep(scene.rng.uniform(*fault.hold_s))
    await fault.heal(scene)


async def _judge(it: Play, result: Result) -> None:
    """Wait for rest, check everything, count."""
    asked = {order_id_of(said.who, said.key) for said in it.oracle.places()}
    rest = Rest(it.load, it.records, it.broker, served=it.row.plays is None)
    result.rest_s = await rest.come(asked, REST_WITHIN_S)
    result.found += [
        Violation("I2", f"not at rest after {result.rest_s:.0f} s: {what}") for what in rest.left
    ]
    streams = await it.broker.said()
    ids = asked | set(streams.by_order)
    seen = Evidence(
        oracle=it.oracle,
        orders=await it.records.documents("order-svc", ids),
        payments=await it.records.documents("payment-svc", ids),
        cafe_orders=await it.records.documents("cafe-svc", ids),
        rows=await it.records.documents("mypage-svc", ids),
        streams=streams,
        money=await it.records.money(),
    )
    stack = it.scene.stack
    tokens = [t for app in stack.services for t in stack.topology.tokens.env(app).values()]
    secrets = secrets_in(stack.folder.logs, *tokens)
    result.found += [*violations(seen), *secrets, *_went_on(it), *it.found]
    result.found += await shown_otherwise(it.load, seen)
    result.letters, result.said_again = await it.broker.count("letters"), streams.again
    result.notes += [*it.scene.notes, *stack.deaths]
    _count(it.oracle, seen, result)
    failures = [said.at for said in it.oracle.said if said.failed and said.waited_for]
    result.last_failure_s = max(0.0, max(failures, default=0.0) - (it.hurt_to or time.time()))


def _count(oracle: Oracle, seen: Evidence, result: Result) -> None:
    result.requests = len(oracle.said)
    result.accepted = len(oracle.acknowledged())
    result.ended = Counter(order["state"]["status"] for order in seen.orders.values())
    result.asked_again = len(oracle.places()) - len({said.key for said in oracle.places()})
    result.shed = sum(said.shed for said in oracle.said)
    result.failed = sum(s.failed and not s.shed and s.waited_for for s in oracle.said)


def _went_on(it: Play) -> Iterator[Violation]:
    """I12: what had to go on, went on."""
    for said in it.oracle.said:
        matters = it.row.flawless or (it.row.orders_go_on and said.what == "place")
        if matters and said.failed and said.waited_for and it.hurt_from <= said.at <= it.hurt_to:
            when = f"{said.what} after {said.at - it.hurt_from:.1f} s"
            yield Violation("I12", f"{when} was answered {said.status}: {said.told}")
