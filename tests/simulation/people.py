"""Customers, baristas, riders and the operator of a simulated cafe.

Each method is one thing somebody may ask for, at any time, sensible or not. Every answer must be
one that the API promises; a 500 is a bug.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.memory.cafe import Answer, MemoryCafe
from tests.memory.journeys import COUNTER, DOOR, LATTES
from tests.simulation.tally import Tally

AWAY: Final = frozenset({502, 503})
KNOWN: Final = frozenset({200, 201, 202, 404, 409}) | AWAY
"""Anything else, a 500 before all, is a bug."""

COMMANDS: Final = (
    "accept",
    "reject",
    "start",
    "finish",
    "hand-over",
    "start-delivery",
    "confirm-delivery",
    "uncollected",
)
NEXT_STEP: Final = {
    "QUEUED": "accept",
    "ACCEPTED": "start",
    "MAKING": "finish",
    "READY": "start-delivery",
    "DELIVERING": "confirm-delivery",
}


@dataclass(slots=True)
class Wish:
    """One request to order, and the first answer that granted it."""

    customer: str
    key: str
    body: dict[str, Any]
    granted: dict[str, Any] | None = None
    refused: bool = False


@dataclass(slots=True)
class People:
    """Whoever uses the cafe; `seed` sets the keys of one world apart from another's."""

    cafe: MemoryCafe
    tally: Tally
    seed: int
    wishes: list[Wish] = field(default_factory=list[Wish])
    _asked: int = 0

    async def place(
        self, cafe_id: str = "gangnam", payment: str = "tok_ok", *, delivery: bool = False
    ) -> Wish:
        """Order two lattes."""
        wish = self.wish(cafe_id, payment, delivery=delivery)
        await self.ask_again(wish)
        return wish

    def wish(self, cafe_id: str, payment: str, *, delivery: bool) -> Wish:
        """Make up a request with a key of its own; nothing is sent."""
        number = len(self.wishes)
        body = {
            "cafe_id": cafe_id,
            "items": [LATTES],
            "payment_method": payment,
            "fulfilment": DOOR if delivery else COUNTER,
        }
        self._asked += 1
        wish = Wish(f"customer-{number % 2}", f"{self.seed}-{self._asked}", body)
        self.wishes.append(wish)
        return wish

    async def ask_again(self, wish: Wish) -> Answer:
        """Send the same request: it gets the same answer, whatever has become of the order."""
        answer = _expected(await self._order(wish, wish.body))
        if answer.status == 201:
            assert wish.granted in (None, answer.body), (wish, answer)
            wish.granted = answer.body
        elif answer.status == 409:
            assert wish.granted is None, (wish, answer)
            wish.refused = True
        return answer

    async def reuse_key(self, wish: Wish) -> None:
        """Send another request under the key of a granted one: it is refused."""
        answer = await self._order(wish, wish.body | {"note": "no ice"})
        assert answer.status in AWAY | {409, 422}, answer

    async def cancel(self, order_id: str) -> Answer:
        """Have the customer ask for the cancellation."""
        caller = self.cafe.customer(self._order_state(order_id)["customer_id"])
        return _expected(await caller.post(f"/orders/{order_id}/cancel"))

    async def command(self, order_id: str, name: str) -> Answer:
        """Have whoever may do it take one step at the cafe."""
        cafe_id = self._order_state(order_id)["cafe_id"]
        who = self.cafe.rider() if name.endswith("delivery") else self.cafe.barista(cafe_id)
        return _expected(await who.post(f"/cafe-orders/{order_id}/{name}"))

    async def retry_refund(self, order_id: str) -> Answer:
        """Have the operator try a refund at once."""
        return _expected(await self.cafe.operator().post(f"/payments/{order_id}/retry-refund"))

    async def manage(self, cafe_id: str, action: str) -> Answer:
        """Open or close a cafe; lattes are sold out, or restocked."""
        item = f"/menus/{cafe_id}/items/latte/{action}"
        path = f"/cafes/{cafe_id}/{action}" if action in {"open", "close"} else item
        return _expected(await self.cafe.barista(cafe_id).post(path))

    def next_step(self, order_id: str) -> str | None:
        """Say what the staff does next with an order, None when it is not theirs to do."""
        found = self.cafe.document("cafe-svc", f"cafe-order:{order_id}")
        if found is None:
            return None
        state = found["state"]
        if state["status"] == "READY" and state["fulfilment"]["method"] == "pickup":
            return "hand-over"
        return NEXT_STEP.get(state["status"])

    def work(self) -> list[tuple[str, str]]:
        """Return the orders the staff has to do with, each with its next step."""
        steps = ((order_id, self.next_step(order_id)) for order_id in self.orders())
        return [(order_id, step) for order_id, step in steps if step is not None]

    def orders(self) -> list[str]:
        """Return the ids of the stored orders, in the sequence they were placed."""
        keys = list(self.cafe.nodes["order-svc"].documents)
        return [key.removeprefix("order:") for key in keys if key.startswith("order:")]

    def status(self, order_id: str) -> str:
        """Return how far an order has come."""
        return self._order_state(order_id)["status"]

    def payment(self, order_id: str) -> str:
        """Return how far the payment of an order has come."""
        return self.cafe.document("payment-svc", f"payment:{order_id}")["state"]["status"]

    def _order_state(self, order_id: str) -> Any:
        return self.cafe.document("order-svc", f"order:{order_id}")["state"]

    async def _order(self, wish: Wish, body: dict[str, Any]) -> Answer:
        caller = self.cafe.customer(wish.customer)
        return await caller.post("/orders", body, idempotency_key=wish.key)


def _expected(answer: Answer) -> Answer:
    assert answer.status in KNOWN, answer
    return answer
