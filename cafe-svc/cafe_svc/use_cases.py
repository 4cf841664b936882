"""One short function per command and reaction of cafe-svc."""

from dataclasses import dataclass
from datetime import timedelta

from cafe_kit.clock import Clock
from cafe_kit.events import Cause, Received
from cafe_kit.outcomes import Drop, Outcome
from cafe_kit.problems import NotFound, Refused
from cafe_kit.repository import Repository, Snapshot, Verdict, outcome_of
from cafe_svc import inbound
from cafe_svc.domain import AddCafeOrder, CafeOrder, Trigger
from cafe_svc.ports import Catalogue


@dataclass(frozen=True, slots=True)
class CafeOrders:
    """What the use cases work with. `making_time` is what an accepted order is promised in."""

    repository: Repository[CafeOrder]
    catalogue: Catalogue
    clock: Clock
    making_time: timedelta


async def add_cafe_order(
    cafe_orders: CafeOrders, event: Received[inbound.Paid], cause: Cause
) -> Outcome:
    """Queue a paid order; a cafe that accepts automatically takes it on in the same save."""
    paid = event.data
    cafe = await cafe_orders.catalogue.get(paid.cafe_id)
    if cafe is None:
        return Drop(f"no cafe {paid.cafe_id}")
    trigger = AddCafeOrder(
        order_id=paid.order_id,
        customer_id=paid.customer_id,
        cafe_id=paid.cafe_id,
        items=paid.items,
        fulfilment=paid.fulfilment,
        note=paid.note,
        accepts_automatically=cafe.accepts_automatically,
        ready_at=cafe_orders.clock() + cafe_orders.making_time,
    )
    update = cafe_orders.repository.update
    return outcome_of(await update(paid.order_id, trigger, cause, expect_new=True))


async def command(cafe_orders: CafeOrders, order_id: str, trigger: Trigger) -> Snapshot[CafeOrder]:
    """Take one step for a barista or rider; a step that already took effect changes nothing.

    The cause is the step's name, so a repeated command says the same events again.
    Raises `Refused` with the present status, `NotFound` or `SidecarError`.
    """
    cause = Cause(f"command:{type(trigger).__name__}")
    updated = await cafe_orders.repository.update(order_id, trigger, cause)
    if updated.state is None:
        raise NotFound("There is no such order at the cafe.")
    if updated.verdict in (Verdict.REFUSED, Verdict.IMPOSSIBLE):
        raise Refused(f"Not now: {updated.why}.", current_status=updated.state.status)
    return Snapshot(updated.state, updated.version, etag="")


async def get_cafe_order(cafe_orders: CafeOrders, order_id: str) -> Snapshot[CafeOrder] | None:
    """Read the write model."""
    return await cafe_orders.repository.get(order_id)
