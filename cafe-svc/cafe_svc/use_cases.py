"""One short function per command and reaction of cafe-svc."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cafe_kit.aggregate import Snapshot, Verdict, outcome_of
from cafe_kit.clock import Clock
from cafe_kit.events import Cause, Received
from cafe_kit.outcomes import Drop, Outcome
from cafe_kit.problems import NotFound, Refused
from cafe_kit.reminders import Reminder, Reminders
from cafe_kit.repository import Repository
from cafe_svc import inbound
from cafe_svc.catalogue import Status as CafeStatus
from cafe_svc.model import (
    AddCafeOrder,
    CafeOrder,
    ConfirmDelivery,
    FinishMaking,
    MarkUncollected,
    OrderCancelRequested,
    StartDelivery,
    Status,
    Trigger,
)
from cafe_svc.ports import Catalogue

COLLECT: Final = "cafe-order.collect"


@dataclass(frozen=True, slots=True)
class CafeOrders:
    """What the use cases work with.

    `making_time` is what an accepted order is promised in, `collection_time` how long finished
    drinks wait.
    """

    repository: Repository[CafeOrder]
    catalogue: Catalogue
    clock: Clock
    making_time: timedelta
    collection_time: timedelta
    reminders: Reminders


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
        cafe_is_open=cafe.status is CafeStatus.OPEN,
        accepts_automatically=cafe.accepts_automatically,
        ready_at=cafe_orders.clock() + cafe_orders.making_time,
    )
    repository = cafe_orders.repository
    updated = await repository.update(paid.order_id, trigger, cause, expect_new=True)
    if updated.verdict is Verdict.DUPLICATE:
        # Said again because somebody misses an answer, which may be any of ours.
        await repository.republish(paid.order_id)
    return outcome_of(updated)


async def command(cafe_orders: CafeOrders, order_id: str, trigger: Trigger) -> Snapshot[CafeOrder]:
    """Take one step for a barista or rider; a step that already took effect changes nothing.

    The cause is the step's name, so a repeated command says the same events again.
    Raises `Refused` with the present status, `NotFound` or `SidecarError`.
    """
    cause = Cause(f"command:{type(trigger).__name__}")
    unarmed: tuple[Reminder, ...] = ()
    if isinstance(trigger, FinishMaking):
        due = cafe_orders.clock() + cafe_orders.collection_time
        reminder = Reminder(kind=COLLECT, id=order_id, due=due)
        if await cafe_orders.reminders.arm_or_later(reminder) is None:
            unarmed = (reminder,)
    updated = await cafe_orders.repository.command(order_id, trigger, cause, unarmed=unarmed)
    if updated.state is None:
        raise NotFound("There is no such order at the cafe.")
    if updated.verdict in (Verdict.REFUSED, Verdict.IMPOSSIBLE):
        raise Refused(f"Not now: {updated.why}.", current_status=updated.state.status)
    # Of two riders the second one's command is the first one's again.
    riders = isinstance(trigger, StartDelivery | ConfirmDelivery)
    if riders and updated.state.rider != trigger.rider:
        raise Refused("Another rider has taken it.", current_status=updated.state.status)
    return Snapshot(updated.state, updated.version, etag="")


async def cancel(
    cafe_orders: CafeOrders, event: Received[inbound.OrderCancelRequested], cause: Cause
) -> Outcome:
    """Judge a cancellation: before making begins the order goes, after that it stays."""
    about = event.data
    trigger = OrderCancelRequested(about.order_id, about.customer_id, about.cafe_id)
    return outcome_of(await cafe_orders.repository.update(about.order_id, trigger, cause))


async def collect(cafe_orders: CafeOrders, reminder: Reminder) -> datetime | None:
    """Give up on drinks nobody came for; returns when to look again while they wait.

    A look that comes late gives them half of the time again: the service may have been away, and
    nobody could hand them over.
    """
    found = await cafe_orders.repository.get(reminder.id)
    # UNCOLLECTED: the same cause again says what a crash may have kept from being said.
    if found is None or found.state.status not in (Status.READY, Status.UNCOLLECTED):
        return None
    now, limit = cafe_orders.clock(), cafe_orders.collection_time
    since = found.state.collect_from or now
    if now - since < limit:
        return since + limit
    if found.state.status is Status.READY and now - reminder.due > limit / 10:
        return now + limit / 2
    cause = Cause("deadline:collect")
    await cafe_orders.repository.update(reminder.id, MarkUncollected(), cause)
    return None


async def get_cafe_order(cafe_orders: CafeOrders, order_id: str) -> Snapshot[CafeOrder] | None:
    """Read the write model."""
    return await cafe_orders.repository.get(order_id)
