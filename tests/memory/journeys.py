"""What becomes of an order: a customer asks for it, baristas and riders do their part."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.memory.cafe import Answer, MemoryCafe

Between = Callable[[], Awaitable[None]]
MAX_ATTEMPTS: Final = 200
GRANTED: Final = {200, 201, 202}
LATER: Final = {404, 409, 502, 503}
"""What a patient person meets by asking too early, or while something is away."""

LATTES: Final = {"menu_id": "latte", "quantity": 2}
COUNTER: Final = {"method": "pickup"}
DOOR: Final = {"method": "delivery", "address": "1 Teheran-ro"}


@dataclass(frozen=True, slots=True)
class Journey:
    """An order, what people do with it ("cancel": its customer), and how it ends."""

    cafe_id: str = "gangnam"
    fulfilment: dict[str, str] = field(default_factory=lambda: COUNTER)
    payment_method: str = "tok_ok"
    commands: tuple[str, ...] = ()
    charged: tuple[int, ...] = (10_000,)
    status: str = "COMPLETED"
    shown: tuple[str, str] = ("Completed", "Picked up")

    @property
    def body(self) -> dict[str, Any]:
        """The body of `POST /orders`."""
        return {
            "cafe_id": self.cafe_id,
            "items": [LATTES],
            "payment_method": self.payment_method,
            "fulfilment": self.fulfilment,
        }


PICKUP: Final = Journey(commands=("accept", "start", "finish", "hand-over"))
DELIVERY: Final = Journey(
    cafe_id="hongdae",
    fulfilment=DOOR,
    commands=("start", "finish", "start-delivery", "confirm-delivery"),
    shown=("Completed", "Delivered"),
)
DECLINED: Final = Journey(
    payment_method="tok_declined", charged=(), status="CANCELLED", shown=("Cancelled", "None")
)
REFUSED: Final = Journey(commands=("accept", "start", "cancel", "finish", "hand-over"))
CANCELLED: Final = Journey(
    commands=("accept", "cancel"), status="CANCELLED", shown=("Cancelled", "None")
)
REJECTED: Final = Journey(commands=("reject",), status="REJECTED", shown=("Rejected", "None"))
PAID: Final = replace(PICKUP, commands=(), status="PAID", shown=("Paid", "Before delivery"))


async def play(
    cafe: MemoryCafe, journey: Journey, key: str = "1", between: Between | None = None
) -> str:
    """Play it to its end and return the order's id; `between` runs before anyone asks again."""
    between = between or cafe.settle
    ana = cafe.customer()
    placed = await insist(lambda: ana.post("/orders", journey.body, idempotency_key=key), between)
    order_id: str = placed.body["order_id"]
    for name in journey.commands:
        await insist(lambda name=name: command(cafe, journey, order_id, name), between)
    await cafe.settle()
    await cafe.heal()
    await cafe.settle()
    return order_id


async def command(cafe: MemoryCafe, journey: Journey, order_id: str, name: str) -> Answer:
    """Have whoever may do it take one step."""
    if name == "cancel":
        return await cafe.customer().post(f"/orders/{order_id}/cancel")
    who = cafe.rider() if name.endswith("delivery") else cafe.barista(journey.cafe_id)
    return await who.post(f"/cafe-orders/{order_id}/{name}")


async def insist(ask: Callable[[], Awaitable[Answer]], between: Between) -> Answer:
    """Ask until it is granted. Fails on any answer that asking again cannot mend."""
    answer = await ask()
    for _ in range(MAX_ATTEMPTS):
        if answer.status in GRANTED:
            break
        assert answer.status in LATER, answer
        await between()
        answer = await ask()
    assert answer.status in GRANTED, answer
    return answer
