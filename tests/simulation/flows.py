"""The compensation flows C1 - C10 as scripts, each with the ends it may come to.

People are patient: whoever meets a failure asks again a little later. What a script leaves open,
`come_to_rest` brings to its end.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.memory.cafe import Answer
from tests.memory.faults import scrambled
from tests.simulation.people import AWAY
from tests.simulation.world import World

PATIENCE_S: Final = 10.0
MAX_ATTEMPTS: Final = 100
Script = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Flow:
    """Where nothing fails, order and payment end as `ends` and `pays` say.

    A failure may let the order end as `may_end`; its money follows from that (I4).
    """

    name: str
    play: Script
    ends: str
    pays: str
    may_end: str = ""

    @property
    def legal(self) -> frozenset[str]:
        """Every end that is right, whatever has failed once."""
        return frozenset({self.ends, self.may_end or self.ends})


async def insist(world: World, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until there is an answer that asking again would not change."""
    for _ in range(MAX_ATTEMPTS):
        answer = await ask()
        if answer.status not in AWAY | {404}:
            return answer
        await world.broker.settle()
        await world.cafe.heal()
        await world.broker.advance(PATIENCE_S)
    raise AssertionError(f"no answer after {MAX_ATTEMPTS} attempts")


async def placed(
    world: World, cafe_id: str = "gangnam", payment: str = "tok_ok", *, delivery: bool = False
) -> str:
    """Place an order, deliver nothing, and return its id."""
    for _ in range(MAX_ATTEMPTS):
        wish = await world.place(cafe_id, payment, delivery=delivery)
        if wish.granted is None and not wish.refused:
            await insist(world, lambda wish=wish: world.ask_again(wish))
        if wish.granted is not None:
            return wish.granted["order_id"]
        await world.broker.advance(PATIENCE_S)
    raise AssertionError(f"refused {MAX_ATTEMPTS} times")


async def queued(world: World, order_id: str) -> None:
    """Wait until the paid order has come to the cafe."""
    for _ in range(MAX_ATTEMPTS):
        await world.broker.settle()
        if world.cafe.document("cafe-svc", f"cafe-order:{order_id}"):
            return
        await world.cafe.heal()
        await world.broker.advance(PATIENCE_S)
    raise AssertionError("it never came to the cafe")


async def steps(world: World, order_id: str, *names: str) -> None:
    """Have the staff take these steps; everything is delivered before each."""
    for name in names:
        await world.broker.settle()
        answer = await insist(world, lambda name=name: world.command(order_id, name))
        assert answer.status == 200, (name, answer)


async def cancelled(world: World, order_id: str) -> None:
    """Have the customer ask for the cancellation."""
    answer = await insist(world, lambda: world.cancel(order_id))
    assert answer.status in {200, 202, 409}, answer


async def only(world: World, app_id: str, topic: str) -> None:
    """Deliver what is pending of one topic for one service, nothing else."""
    pending = world.cafe.dapr.pending
    for delivery in [d for d in pending if (d.app_id, d.topic) == (app_id, f"cafe.{topic}.v1")]:
        pending.remove(delivery)
        await world.cafe.dapr.deliver(delivery)


async def c1_declined_card(world: World) -> None:
    await placed(world, payment="tok_declined")
    await world.broker.settle()


async def c2_cancel_before_payment(world: World) -> None:
    await cancelled(world, await placed(world))
    await only(world, "cafe-svc", "OrderCancelRequested")
    await only(world, "payment-svc", "CafeOrderCancelled")
    await world.broker.settle()


async def c3_payment_answers_after_cancel(world: World) -> None:
    order_id = await placed(world)
    await world.gateway("slow")
    await only(world, "payment-svc", "OrderPlaced")
    await cancelled(world, order_id)
    await only(world, "cafe-svc", "OrderCancelRequested")
    await world.gateway("normal")
    await world.broker.settle()


async def c3_payment_answers_after_timeout(world: World) -> None:
    await placed(world)
    await world.gateway("charge_then_timeout")
    await only(world, "payment-svc", "OrderPlaced")
    await world.broker.tick(61)
    await world.gateway("normal")
    await world.broker.settle()


async def c4_cancel_after_payment(world: World) -> None:
    order_id = await placed(world)
    await world.broker.settle()
    await cancelled(world, order_id)
    await world.broker.settle()


async def c5_cancel_loses_against_making(world: World) -> None:
    order_id = await placed(world)
    await steps(world, order_id, "accept", "start")
    await cancelled(world, order_id)
    await steps(world, order_id, "finish", "hand-over")


async def c6_barista_rejects(world: World) -> None:
    await steps(world, await placed(world), "reject")
    await world.broker.settle()


async def c6_cafe_has_closed(world: World) -> None:
    await placed(world, "jamsil")
    await insist(world, lambda: world.manage("jamsil", "close"))
    await world.broker.settle()
    await insist(world, lambda: world.manage("jamsil", "open"))


async def c6_sold_out(world: World) -> None:
    await insist(world, lambda: world.manage("jamsil", "sold-out"))
    wish = await world.place("jamsil")
    answer = await insist(world, lambda: world.ask_again(wish))
    assert answer.status == 409, answer
    assert "latte" in answer.body["detail"], answer
    await insist(world, lambda: world.manage("jamsil", "restock"))
    await world.broker.advance(PATIENCE_S)
    order_id = await placed(world, "jamsil")
    await steps(world, order_id, "accept", "start", "finish", "hand-over")


async def c7_nobody_accepts(world: World) -> None:
    await placed(world)
    await world.broker.advance(400)


async def c8_refund_gateway_is_down(world: World) -> None:
    order_id = await placed(world)
    await queued(world, order_id)
    await world.gateway("down")
    await steps(world, order_id, "reject")
    await world.broker.settle()
    await world.broker.advance(60)
    await world.gateway("normal")
    await world.broker.advance(60)


async def c9_cancel_overtakes_paid(world: World) -> None:
    order_id = await placed(world)
    await only(world, "payment-svc", "OrderPlaced")
    await cancelled(world, order_id)
    await only(world, "cafe-svc", "OrderCancelRequested")
    await world.broker.settle()


async def c10_every_event_twice_in_any_sequence(world: World) -> None:
    order_id = await placed(world, "hongdae", delivery=True)
    between = scrambled(world.cafe)
    for name in ("start", "finish", "start-delivery", "confirm-delivery"):
        for _ in range(12):
            await between()
        await insist(world, lambda name=name: world.command(order_id, name))
    await world.broker.settle()


async def nobody_collects(world: World) -> None:
    await steps(world, await placed(world), "accept", "start", "finish")
    await world.broker.advance(1_900)


FLOWS: Final = (
    Flow("C1 declined card", c1_declined_card, "CANCELLED", "FAILED"),
    Flow("C2 cancel before payment", c2_cancel_before_payment, "CANCELLED", "VOIDED"),
    Flow("C3 answer after cancel", c3_payment_answers_after_cancel, "CANCELLED", "VOIDED"),
    Flow("C3 answer after timeout", c3_payment_answers_after_timeout, "CANCELLED", "REFUNDED"),
    Flow("C4 cancel after payment", c4_cancel_after_payment, "CANCELLED", "REFUNDED"),
    Flow("C5 cancel loses", c5_cancel_loses_against_making, "COMPLETED", "PAID"),
    Flow("C6 barista rejects", c6_barista_rejects, "REJECTED", "REFUNDED"),
    Flow("C6 cafe has closed", c6_cafe_has_closed, "REJECTED", "REFUNDED", "CANCELLED"),
    Flow("C6 sold out", c6_sold_out, "COMPLETED", "PAID"),
    Flow("C7 nobody accepts", c7_nobody_accepts, "CANCELLED", "REFUNDED"),
    Flow("C8 refund gateway down", c8_refund_gateway_is_down, "REJECTED", "REFUNDED"),
    Flow("C9 cancel overtakes Paid", c9_cancel_overtakes_paid, "CANCELLED", "REFUNDED"),
    Flow("C10 twice, any sequence", c10_every_event_twice_in_any_sequence, "COMPLETED", "PAID"),
    Flow("nobody collects", nobody_collects, "UNCOLLECTED", "PAID"),
)
