"""An open-model client: people come when they come, whatever has become of those before them.

Arrivals are a Poisson process (exponential gaps) from a seeded generator. Each arrival plays one
story; a story that gets no answer asks again, as people and their apps do.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Final

from tests.chaos.oracle import CREATED, NO_ANSWER, SERVER_ERROR, TOO_MANY
from tests.chaos.people import Answer, Json, People, Who, Wish

ATTEMPTS: Final = 6
PAUSE_S: Final = 1.0
SERVED_WITHIN_S: Final = 30.0
"""How long a barista looks out for an order before others go on with it (rest.py)."""

STAFF: Final = 32
"""Baristas of each cafe, riders, operators: a caller may ask so often a second, and no more."""

Stories = Mapping[Callable[["Load"], Coroutine[None, None, None]], int]
NEXT: Final = {"QUEUED": "accept", "ACCEPTED": "start", "MAKING": "finish"}


def one_of(order_id: str, role: str, cafe_id: str = "") -> Who:
    """Return the member of the staff who looks after this order."""
    number = int(order_id[:4], 16) % STAFF
    return Who(f"{role}-{cafe_id}-{number}", role, cafe_id)


def next_step(order: Json) -> tuple[Who, str] | None:
    """Return who takes the next step of an order at the cafe, and which; None at its end."""
    status, order_id = order["status"], order["order_id"]
    barista, rider = one_of(order_id, "barista", order["cafe_id"]), one_of(order_id, "rider")
    if status in NEXT:
        return barista, NEXT[status]
    if status == "READY":
        delivered = order["fulfilment"]["method"] == "delivery"
        return (rider, "start-delivery") if delivered else (barista, "hand-over")
    return (rider, "confirm-delivery") if status == "DELIVERING" else None


class Load:
    """Plays stories at `rate` arrivals per second, by as many customers as are named."""

    def __init__(self, people: People, rng: random.Random, customers: int = 300) -> None:
        self.people = people
        self.rng = rng
        self.attempts = ATTEMPTS
        self.stories: Stories = STORIES
        self.rate = 0.0
        self.customers = customers
        self._stories: set[asyncio.Task[None]] = set()

    async def arrive(self) -> None:
        """Let people come until cancelled, at the rate of the moment."""
        due = time.perf_counter()
        while True:
            due += self.rng.expovariate(self.rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            (story,) = self.rng.choices(list(self.stories), list(self.stories.values()))
            task = asyncio.create_task(story(self))
            self._stories.add(task)
            task.add_done_callback(self._done)

    async def over(self) -> None:
        """Wait for the stories that have begun; raise what one of them has raised."""
        while self._stories:
            await asyncio.gather(*self._stories)

    def customer(self) -> Who:
        """Return any one of the customers."""
        return Who(f"customer-{self.rng.randrange(self.customers)}", "customer")

    async def place(
        self,
        who: Who,
        cafe_id: str,
        *,
        payment_method: str = "tok_ok",
        address: str | None = None,
        impatient: bool = False,
    ) -> str:
        """Place an order, asking again with the same key until told; "" if that does not help.

        `impatient`: the first answer is not waited for, and the last one is asked for twice.
        """
        delivery = {"method": "delivery", "address": address}
        body: Json = {
            "cafe_id": cafe_id,
            "items": [{"menu_id": "americano", "quantity": self.rng.randint(1, 3)}],
            "payment_method": payment_method,
            "fulfilment": delivery if address else {"method": "pickup"},
        }
        key = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

        async def ask(patience_s: float = 10.0) -> Answer:
            wish = Wish("place", "order-svc", "/orders", "", key, body, patience_s)
            return await self.people.post(who, wish)

        if impatient:
            await ask(patience_s=self.rng.uniform(0.001, 0.05))
        answer = await self._until_told(ask)
        if impatient and answer.status == CREATED:
            await ask()
        return answer.body["order_id"] if answer.status == CREATED else ""

    async def step(self, who: Who, order_id: str, step: str) -> Answer:
        """Take a step at the cafe, asking again until told."""
        wish = Wish(step, "cafe-svc", f"/cafe-orders/{order_id}/{step}", order_id)
        return await self._until_told(lambda: self.people.post(who, wish))

    async def cancel(self, who: Who, order_id: str) -> Answer:
        """Cancel an order, asking again until told."""
        wish = Wish("cancel", "order-svc", f"/orders/{order_id}/cancel", order_id)
        return await self._until_told(lambda: self.people.post(who, wish))

    async def serve(self, order_id: str, cafe_id: str, *, until: str = "") -> None:
        """Take every step of an order as soon as it can be taken; `until` is taken in its place."""
        deadline, barista = time.monotonic() + SERVED_WITHIN_S, one_of(order_id, "barista", cafe_id)
        while time.monotonic() < deadline:
            seen = await self.people.get(barista, "cafe-svc", f"/cafe-orders/{order_id}")
            if "order_id" in seen.body:
                step = next_step(seen.body)
                if step is None:
                    return
                await self.step(step[0], order_id, until or step[1])
            await asyncio.sleep(self.rng.uniform(0.2, 0.6))

    async def _until_told(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        for _ in range(self.attempts - 1):
            answer = await ask()
            if NO_ANSWER < answer.status < SERVER_ERROR and answer.status != TOO_MANY:
                return answer
            await asyncio.sleep(PAUSE_S * self.rng.uniform(0.5, 1.5))
        return await ask()

    def _done(self, story: asyncio.Task[None]) -> None:
        if story.cancelled() or story.exception() is None:
            self._stories.discard(story)


async def place_only(load: Load) -> None:
    """An order at a cafe that accepts by itself; it is made when all others are (rest.py)."""
    await load.place(load.customer(), "hongdae")


async def served(load: Load) -> None:
    """An order that baristas accept, make and hand over, or a rider delivers."""
    address = "1 Teheran-ro" if load.rng.random() < 0.3 else None
    cafe_id = load.rng.choice(["gangnam", "hongdae"])
    order_id = await load.place(load.customer(), cafe_id, address=address)
    if order_id:
        await load.serve(order_id, cafe_id)


async def cancelled(load: Load) -> None:
    """An order whose customer thinks better of it, at any moment; a barista may be faster."""
    who, cafe_id = load.customer(), load.rng.choice(["gangnam", "hongdae"])
    order_id = await load.place(who, cafe_id)
    if not order_id:
        return
    made = asyncio.create_task(load.serve(order_id, cafe_id))
    await asyncio.sleep(load.rng.expovariate(1.0))
    await load.cancel(who, order_id)
    await made


async def rejected(load: Load) -> None:
    """An order that the barista turns down."""
    order_id = await load.place(load.customer(), "jamsil")
    if order_id:
        await load.serve(order_id, "jamsil", until="reject")


async def declined(load: Load) -> None:
    """An order by a card that is not good."""
    await load.place(load.customer(), "gangnam", payment_method="tok_declined")


async def asked_again(load: Load) -> None:
    """The same request two or three times, because an answer was not waited for."""
    order_id = await load.place(load.customer(), "hongdae", impatient=True)
    if order_id:
        await load.serve(order_id, "hongdae")


async def charged_and_not_told(load: Load) -> None:
    """A card that the gateway charges without saying so."""
    method = load.rng.choice(["tok_500_after_charge", "tok_timeout_after_charge"])
    order_id = await load.place(load.customer(), "hongdae", payment_method=method)
    if order_id:
        await load.serve(order_id, "hongdae")


STORIES: Final[Stories] = {
    place_only: 25,
    served: 30,
    cancelled: 20,
    rejected: 5,
    declined: 5,
    asked_again: 10,
    charged_and_not_told: 5,
}
"""Each story and its weight."""
