"""The end of a run: nothing is hurt any more, and everything comes to its end.

Orders that only wait for people are served by the suite's own baristas and riders.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from tests.chaos.invariants import Evidence, Violation
from tests.chaos.load import Load, next_step, one_of
from tests.chaos.people import Json, Who
from tests.chaos.records import Broker, Documents, Records

TERMINAL: Final = frozenset({"COMPLETED", "CANCELLED", "REJECTED", "UNCOLLECTED"})
PAYMENT_RESTS: Final = frozenset({"PAID", "FAILED", "VOIDED", "REFUNDED"})
CAFE_ENDS: Final = frozenset({"PICKED_UP", "DELIVERED", "REJECTED", "CANCELLED", "UNCOLLECTED"})
WAITING: Final = {("PAID", "PAID", "QUEUED"), ("ACCEPTED", "PAID", "ACCEPTED")}
"""Order, payment, order at the cafe: a barista is to take the next step."""

OLGA: Final = Who("olga", "operator")
SHOWN: Final = ("status", "topic", "event_id", "subject", "attempts", "reason")
"""What is told of a letter."""

LOOK_EVERY_S: Final = 1.0
AT_ONCE: Final = 16
LOOKS_AT_ONCE: Final = 4
"""Few, since a service that is asked too much at once says so."""


class Rest:
    """Waits for it; `left` says what is not at rest yet, one phrase each.

    Unless the orders are `served`, one that waits for a barista to accept or make it is at rest.
    """

    def __init__(self, load: Load, records: Records, broker: Broker, *, served: bool) -> None:
        self._served = served
        self._load = load
        self._records = records
        self._broker = broker
        self._open: set[str] = set()
        self.left: list[str] = []

    async def come(self, order_ids: Iterable[str], within_s: float) -> float:
        """Return the seconds until everything was at rest, or, with `left`, until it was given up.

        `order_ids`: those that may be known to nobody but their customers.
        """
        started = time.monotonic()
        self._open = set(order_ids) | set((await self._broker.said()).by_order)
        while True:
            self.left = await self._look()
            took_s = time.monotonic() - started
            if not self.left or took_s >= within_s:
                return took_s
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> list[str]:
        behind = await self._broker.behind()
        orders = await self._records.documents("order-svc", self._open)
        payments = await self._records.documents("payment-svc", self._open)
        at_cafe = await self._records.documents("cafe-svc", self._open)
        left: dict[str, str] = {}
        for order_id in self._open:
            status = tuple(_status(docs, order_id) for docs in (orders, payments, at_cafe))
            if not (_at_rest(*status) or (status in WAITING and not self._served)):
                left[order_id] = f"{order_id} is {', '.join(status)} (order, payment, cafe)"
        self._open = set(left)
        if self._served:
            await self._serve({id_: at_cafe[id_]["state"] for id_ in left if id_ in at_cafe})
        waiting = [f"{number} events wait: {who}" for who, number in behind.items()]
        return [*left.values(), *waiting, *(await self._letters() if not left else ())]

    async def _letters(self) -> list[str]:
        """Return the open dead letters; those that are retried go away by themselves."""
        left: list[str] = []
        for service in self._load.people.stack.services:
            answer = await self._load.people.get(OLGA, service, "/ops/dead-letters?limit=50")
            for letter in answer.body.get("items", [{"status": answer}]):
                told = ", ".join(f"{name} {letter[name]}" for name in SHOWN if name in letter)
                left.append(f"a dead letter of {service}: {told}")
        return left

    async def _serve(self, waiting: dict[str, Json]) -> None:
        """Take one step of each order that waits for a person."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def serve(order_id: str, order: Json) -> None:
            step = next_step(order)
            if step is not None:
                async with gate:
                    await self._load.step(step[0], order_id, step[1])

        await asyncio.gather(*(serve(order_id, order) for order_id, order in waiting.items()))


def _status(documents: Documents, order_id: str) -> str:
    return documents[order_id]["state"]["status"] if order_id in documents else "-"


def _at_rest(order: str, payment: str, at_cafe: str) -> bool:
    """A lost request may have placed nothing, and of a bad card the cafe never hears."""
    if order == payment == at_cafe == "-":
        return True
    return order in TERMINAL and payment in PAYMENT_RESTS and at_cafe in CAFE_ENDS | {"-"}


async def shown_otherwise(load: Load, seen: Evidence, most: int = 200) -> list[Violation]:
    """Ask the services for some acknowledged orders: they must answer what is stored (I1, I7)."""
    ids = sorted(seen.oracle.acknowledged() & seen.orders.keys())
    gate = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look(order_id: str) -> list[Violation]:
        async with gate:
            return [told async for told in _shown(load, seen, order_id)]

    chosen = load.rng.sample(ids, min(most, len(ids)))
    return [told for some in await asyncio.gather(*map(look, chosen)) for told in some]


async def _shown(load: Load, seen: Evidence, order_id: str) -> AsyncGenerator[Violation]:
    status, olga = seen.orders[order_id]["state"]["status"], one_of(order_id, "operator")
    customer = Who(seen.orders[order_id]["state"]["customer_id"], "customer")
    order = await load.people.get(olga, "order-svc", f"/orders/{order_id}")
    if order.body.get("status") != status:
        yield Violation("I1", f"{order_id} is {status}, and order-svc answers {order}")
    for service, path, documents in (
        ("payment-svc", "/payments", seen.payments),
        ("cafe-svc", "/cafe-orders", seen.cafe_orders),
    ):
        told = (await load.people.get(olga, service, f"{path}/{order_id}")).body.get("status")
        stored = documents[order_id]["state"]["status"] if order_id in documents else told
        if told != stored:
            yield Violation("I1", f"{order_id} is {stored}, and {service} answers {told}")
    page = (await load.people.get(customer, "mypage-svc", f"/my-pages/{order_id}")).body
    if page.get("order_status") != status.capitalize():  # the words are the same, but for case
        told = page.get("order_status", page)
        yield Violation("I7", f"{order_id} is {status}, and its page says {told}")
