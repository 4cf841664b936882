"""Two replicas fold what any broker may do to the events; every list is right in the end (I7)."""

import asyncio
import copy
import functools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import SidecarError
from kit.tests.virtual_time import run
from mypage_svc import use_cases
from mypage_svc.adapters import SidecarPages, SidecarReplicas
from mypage_svc.domain import fold, is_at_rest, is_delivery, is_on_board, is_waiting
from mypage_svc.indexes import (
    Entry,
    board_of,
    deliveries,
    open_orders,
)
from mypage_svc.live import Live
from mypage_svc.model import Fact, Row
from mypage_svc.projector import Projector
from mypage_svc.use_cases import MyPages, Place
from tests.memory.node import Clock
from tests.memory.racing import RacingSidecar
from tests.memory.stories import START, many, story

Documents = dict[str, tuple[Any, str]]
CLOCK = Clock(START)
NEW_MINUTE = 1_000
"""When the orders of a test are placed: after those that were there before."""


@dataclass(frozen=True)
class Lists:
    """All that can be read."""

    rows: dict[str, Row]
    board: list[Entry]
    deliveries: list[Entry]
    open: list[Entry]
    mine: list[str]


def service(sidecar: MemorySidecar) -> MyPages:
    """Return a replica's use cases."""
    pages = SidecarPages(sidecar, CLOCK, "1")
    replicas = SidecarReplicas(sidecar, CLOCK, app_id="mypage-svc", pubsub="replicas")
    projector = Projector(pages, replicas, CLOCK, batch=100)
    return MyPages(pages, projector, Live(pages, CLOCK), CLOCK, 900)


@functools.cache
def before(count: int) -> Documents:
    """Return the documents when ana has `count` orders, all of them waiting at one cafe."""
    sidecar = MemorySidecar(MemoryDapr(), "mypage-svc")
    facts = list(many(count))
    pages = SidecarPages(sidecar, CLOCK, "1")

    async def fill() -> None:
        for first in range(0, len(facts), 90):
            await pages.project(facts[first : first + 90])

    run(fill())
    return sidecar.documents


async def history_of(replica: MyPages, customer_id: str, limit: int) -> list[str]:
    """Return the ids of a customer's orders, page by page."""
    shown: list[str] = []
    place: Place | None = None
    while True:
        pages, place = await use_cases.pages_of(replica, customer_id, after=place, limit=limit)
        shown += [page.row.order_id for page in pages]
        if place is None:
            return shown


async def read_all(sidecar: MemorySidecar, order_ids: Iterable[str]) -> Lists:
    replica = service(sidecar)
    return Lists(
        rows={row.order_id: row for row in await replica.pages.rows(sorted(order_ids))},
        board=await replica.pages.on_lists([board_of("gangnam")]),
        deliveries=await replica.pages.on_lists(deliveries()),
        open=await replica.pages.on_lists(open_orders()),
        mine=await history_of(replica, "ana", 37),
    )


def expected(facts: Iterable[Fact]) -> Lists:
    """Return the same, straight from the facts."""
    told: dict[str, list[Fact]] = {}
    for fact in facts:
        told.setdefault(fact.order_id, []).append(fact)
    rows = {order_id: reduce(fold, each, None) for order_id, each in told.items()}
    known = {order_id: row for order_id, row in rows.items() if row is not None}
    mine = {o: row.placed.at for o, row in known.items() if row.placed and row.customer_id == "ana"}
    return Lists(
        rows=known,
        board=entries([(r, r.queued_at) for r in known.values() if is_on_board(r)]),
        deliveries=entries(
            [(r, r.placed.at) for r in known.values() if is_delivery(r) and r.placed]
        ),
        open=entries([(r, r.timeline[0].at) for r in known.values() if not is_at_rest(r)]),
        mine=sorted(mine, key=lambda order_id: (mine[order_id], order_id), reverse=True),
    )


def entries(rows: Iterable[tuple[Row, Any]]) -> list[Entry]:
    found = [Entry(row.order_id, at, is_waiting(row)) for row, at in rows]
    return sorted(found, key=lambda entry: (entry.at, entry.order_id))


async def replica_folds(
    replica: MyPages, batches: Sequence[Sequence[Fact]], failures: list[Exception]
) -> None:
    """Project batch after batch, each event again until it is stored, as the broker does."""

    async def insist(fact: Fact) -> None:
        while True:
            try:
                return await replica.projector.project(fact)
            except SidecarError as error:
                failures.append(error)
                await asyncio.sleep(0.1)

    for batch in batches:
        await asyncio.gather(*(insist(fact) for fact in batch))


def cut(facts: Sequence[Fact], dice: random.Random) -> list[Sequence[Fact]]:
    """Cut facts into batches of any size."""
    batches: list[Sequence[Fact]] = []
    rest = list(facts)
    while rest:
        size = dice.randint(1, len(rest))
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


async def tell_two_replicas(
    documents: Documents, facts: Sequence[Fact], seed: int, failing: float
) -> MemorySidecar:
    """Have every fact heard by either replica or by both; return a quiet sidecar to look."""
    dice = random.Random(seed)  # noqa: S311 - a seed must repeat
    dapr = MemoryDapr(seed)
    sidecars = [RacingSidecar(dapr, "mypage-svc", failing=failing) for _ in range(2)]
    for sidecar in sidecars:
        sidecar.documents = documents
    heard = ([f for f in facts if dice.random() < 0.6], list(facts))
    async with asyncio.timeout(3600):
        await asyncio.gather(
            *(
                replica_folds(service(sidecar), cut(dice.sample(each, len(each)), dice), [])
                for sidecar, each in zip(sidecars, heard, strict=True)
            )
        )
    quiet = MemorySidecar(dapr, "mypage-svc")
    quiet.documents = documents
    return quiet


NEW = [
    *story("n-1", 8, minute=NEW_MINUTE),
    *story("n-2", 6, minute=NEW_MINUTE + 1),
    *story("n-3", 3, minute=NEW_MINUTE + 1, customer_id="ben"),
    *story("n-4", 3, minute=NEW_MINUTE + 2, method="pickup"),
    *story("n-5", 1, minute=NEW_MINUTE + 3),
    *story("n-6", 4, minute=NEW_MINUTE + 4),
]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    there=st.sampled_from([0, 98, 99, 100, 198, 199, 200]),
    faulty=st.booleans(),
)
def test_any_sequence_repetition_batches_and_races_give_the_same_rows_and_lists(
    seed: int, there: int, *, faulty: bool
) -> None:
    documents = copy.deepcopy(before(there))

    async def scenario() -> None:
        sidecar = await tell_two_replicas(documents, NEW, seed, 0.1 if faulty else 0.0)

        wanted = expected([*many(there), *NEW])
        assert await read_all(sidecar, wanted.rows) == wanted

    run(scenario())
