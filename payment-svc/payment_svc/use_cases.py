"""One short function per command and reaction of payment-svc."""

from dataclasses import dataclass

from cafe_kit.events import Cause, Received
from cafe_kit.outcomes import Outcome
from cafe_kit.repository import Repository, Snapshot, outcome_of
from payment_svc import inbound
from payment_svc.domain import Payment, StartPayment, Status
from payment_svc.ports import Gateway


@dataclass(frozen=True, slots=True)
class Payments:
    """What the use cases work with."""

    repository: Repository[Payment]
    gateway: Gateway


async def start_payment(
    payments: Payments, event: Received[inbound.OrderPlaced], cause: Cause
) -> Outcome:
    """Save the intent, charge, save the answer: three steps, each safe to repeat.

    The intent is stored before the gateway is asked, so a charge nobody remembers cannot exist.
    While it is PENDING a redelivered event asks again with the same idempotency key and gets the
    same answer; after that it only says again what this event has brought about.
    """
    wanted = event.data
    trigger = StartPayment(
        order_id=wanted.order_id,
        customer_id=wanted.customer_id,
        cafe_id=wanted.cafe_id,
        amount=wanted.total,
        payment_method=wanted.payment_method,
        items=wanted.items,
        fulfilment=wanted.fulfilment,
        note=wanted.note,
    )
    intent = Cause(f"intent:{cause.id}")
    started = await payments.repository.update(wanted.order_id, trigger, intent, expect_new=True)
    if started.state is None or started.state.status is not Status.PENDING:
        return outcome_of(await payments.repository.update(wanted.order_id, trigger, cause))
    answer = await payments.gateway.charge(started.state)
    return outcome_of(await payments.repository.update(wanted.order_id, answer, cause))


async def get_payment(payments: Payments, order_id: str) -> Snapshot[Payment] | None:
    """Read the write model."""
    return await payments.repository.get(order_id)
