"""How every story ends: all is mended, time passes, and everything must be right."""

import json
from typing import Final

from tests.simulation.invariants import CAFE_ENDS, TERMINAL, Invariants
from tests.simulation.world import World

SAGA_S: Final = 480.0
"""Whoever is waited for in vain: after 60 s for the payment or 5 min for the cafe, and a while."""

PUT_OFF_S: Final = 10.0
"""After this long whatever a service has put off in its memory is armed."""

REST_S: Final = 7_200.0
"""Longer than any reminder waits: 30 min for collection, up to 19 min between two refunds."""


async def come_to_rest(world: World, checks: Invariants | None = None) -> None:
    """Mend everything, let people and deadlines do their part, check all.

    Within `SAGA_S` every order has ended, but those that the staff has accepted (I2): an accepted
    one has no deadline, and if its end was not heard of, all is said again every half an hour.
    """
    await world.heal()
    world.broker.hurry()
    for wish in world.wishes:
        if wish.granted is None and not wish.refused:
            await world.ask_again(wish)
    await world.broker.settle()
    await _finish_all(world)
    await world.broker.advance(PUT_OFF_S)
    await _look_after_the_unwatched(world)
    await world.broker.advance(SAGA_S)
    for order_id in world.orders():
        waits_for_people = world.next_step(order_id) not in {None, "accept"}
        ended = world.status(order_id) in TERMINAL | {"ACCEPTED"}
        assert waits_for_people or ended, ("I2", order_id)
        world.tally.checks["I2"] += 1
    await _finish_all(world)
    await world.broker.advance(REST_S)
    await (checks or Invariants()).at_rest(world)
    world.tally.ends.update(world.status(order_id) for order_id in world.orders())


async def _look_after_the_unwatched(world: World) -> None:
    """Have people do what no reminder will: the scheduler was away, then the service was killed.

    This is the gap that docs/adr/0013 leaves open; how often it was met is counted.
    """
    for order_id in world.orders():
        for app_id, key, act in (
            ("order-svc", "order", World.cancel),
            ("payment-svc", "payment", World.retry_refund),
            ("cafe-svc", "cafe-order", _give_up),
        ):
            if _is_unwatched(world, app_id, f"{key}:{order_id}"):
                world.tally.faults[f"left without a reminder by {app_id}"] += 1
                await act(world, order_id)
    await world.broker.settle()


async def _give_up(world: World, order_id: str) -> None:
    await world.command(order_id, "uncollected")


def _is_unwatched(world: World, app_id: str, key: str) -> bool:
    found = world.cafe.document(app_id, key)
    if found is None or not found["unarmed"] or found["state"]["status"] in CAFE_ENDS | TERMINAL:
        return False
    jobs = world.cafe.dapr.jobs.of(app_id).values()
    armed = [
        (each["kind"], each["id"]) for job in jobs for each in json.loads(job.data)["reminders"]
    ]
    return any((each["kind"], each["id"]) not in armed for each in found["unarmed"])


async def _finish_all(world: World) -> None:
    for number, order_id in enumerate(world.orders()):
        await _finish(world, order_id, fetched=number % 2 == 0)
    await world.broker.settle()


async def _finish(world: World, order_id: str, *, fetched: bool) -> None:
    """Have the staff finish what it has accepted; every other order is not fetched."""
    while (step := world.next_step(order_id)) not in {None, "accept"}:
        if step == "hand-over" and not fetched:
            return
        answer = await world.command(order_id, step or "")
        assert answer.status == 200, answer
