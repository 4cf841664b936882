"""One short function per command and reaction of payment-svc."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cafe_kit.aggregate import Snapshot, Updated, Verdict, outcome_of
from cafe_kit.backoff import Backoff
from cafe_kit.clock import Clock
from cafe_kit.events import Cause, Received
from cafe_kit.logs import get_logger
from cafe_kit.outcomes import Done, Outcome
from cafe_kit.problems import Refused
from cafe_kit.reminders import Reminder, Reminders
from cafe_kit.repository import Repository
from payment_svc import inbound
from payment_svc.domain import ALERT_AT_ATTEMPT
from payment_svc.model import (
    ChargeAttemptFailed,
    Payment,
    RefundAttemptFailed,
    StartPayment,
    Status,
    Undo,
    UndoReason,
)
from payment_svc.ports import Gateway

CHARGE: Final = "payment.charge"
REFUND: Final = "payment.refund"
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Payments:
    """What the use cases work with."""

    repository: Repository[Payment]
    gateway: Gateway
    reminders: Reminders
    clock: Clock
    charge_backoff: Backoff
    refund_backoff: Backoff


async def start_payment(
    payments: Payments, event: Received[inbound.OrderPlaced], cause: Cause
) -> Outcome:
    """Save the intent, charge, save the answer: three steps, each safe to repeat.

    The intent is stored before the gateway is asked, so a charge nobody remembers cannot exist.
    While it is PENDING a redelivered event asks again with the same idempotency key and gets the
    same answer, unless a reminder does; after that it only says again what this event has brought
    about. An unknown outcome is never guessed: the reminder asks until it is known.
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
        # A crash may have come between the save of the charge and what followed it.
        updated = await payments.repository.update(wanted.order_id, trigger, cause)
        return await _give_back(payments, updated)
    if started.state.attempts:
        return outcome_of(started)  # A reminder asks.
    answer = await payments.gateway.charge(started.state)
    if isinstance(answer, ChargeAttemptFailed):
        return await _charge_later(payments, started.state, cause, answer)
    updated = await payments.repository.update(wanted.order_id, answer, cause)
    return await _give_back(payments, updated)


async def charge_again(payments: Payments, reminder: Reminder) -> datetime | None:
    """Ask again for a charge whose outcome is not known; returns when to ask once more."""
    cause, found = Cause(reminder.cause), await payments.repository.get(reminder.id)
    if found is None:
        return None
    if found.state.status is not Status.PENDING:
        # A crash may have come between the save of the charge and what followed it.
        await payments.repository.republish(reminder.id, cause)
        if found.state.status is Status.REFUNDING and found.state.attempts == 0:
            await _begin_refund(payments, found.state)
        return None
    answer = await payments.gateway.charge(found.state)
    if isinstance(answer, ChargeAttemptFailed):
        after = await _charge_failed(payments, found.state, answer)
        return payments.clock() + payments.charge_backoff.after(after.attempts)
    updated = await payments.repository.update(reminder.id, answer, cause)
    if updated.verdict is Verdict.IMPOSSIBLE:
        _log.error("charge not understood", subject=reminder.id, why=updated.why)
    await _give_back(payments, updated)
    return None


def undo(
    reason: UndoReason,
) -> Callable[
    [Payments, Received[inbound.OrderRejected | inbound.CafeOrderCancelled], Cause],
    Awaitable[Outcome],
]:
    """Return the compensation of `start_payment`: give back what was charged, if anything was."""

    async def react(
        payments: Payments,
        event: Received[inbound.OrderRejected | inbound.CafeOrderCancelled],
        cause: Cause,
    ) -> Outcome:
        about = event.data
        trigger = Undo(about.order_id, about.customer_id, about.cafe_id, reason)
        updated = await payments.repository.update(about.order_id, trigger, cause)
        return await _give_back(payments, updated)

    return react


async def refund_again(payments: Payments, reminder: Reminder) -> datetime | None:
    """Try a refund that is still open; returns when to try again, for ever until it is settled."""
    found = await payments.repository.get(reminder.id)
    if found is None:
        return None
    await _say_again(payments, found.state)
    if found.state.status is not Status.REFUNDING:
        return None
    after = await _attempt(payments, found.state)
    if after.status is not Status.REFUNDING:
        return None
    return payments.clock() + payments.refund_backoff.after(after.attempts)


async def retry_refund(payments: Payments, found: Snapshot[Payment]) -> Snapshot[Payment]:
    """Try now what the reminder would try later; an operator's wish. Raises `Refused`."""
    if found.state.status is not Status.REFUNDING:
        raise Refused("There is no refund under way.", current_status=found.state.status)
    after = await _attempt(payments, found.state)
    newest = await payments.repository.get(after.order_id)
    return newest or found


async def get_payment(payments: Payments, order_id: str) -> Snapshot[Payment] | None:
    """Read the write model."""
    return await payments.repository.get(order_id)


async def _charge_later(
    payments: Payments, payment: Payment, cause: Cause, answer: ChargeAttemptFailed
) -> Outcome:
    """Leave it to a reminder, so that a gateway that is away holds up no other event."""
    due = payments.clock() + payments.charge_backoff.after(0)
    await payments.reminders.arm(
        Reminder(kind=CHARGE, id=payment.order_id, due=due, cause=cause.id)
    )
    await _charge_failed(payments, payment, answer)
    return Done()


async def _charge_failed(
    payments: Payments, payment: Payment, answer: ChargeAttemptFailed
) -> Payment:
    cause = Cause(f"{payment.charge_key}:{payment.attempts + 1}")
    return (await payments.repository.update(payment.order_id, answer, cause)).state or payment


async def _give_back(payments: Payments, updated: Updated[Payment]) -> Outcome:
    """Refund what this input has made refundable; one that is being tried is not tried twice."""
    payment = updated.state
    if payment is None:
        return outcome_of(updated)
    if payment.status is Status.REFUNDING and (updated.moved or payment.attempts == 0):
        await _begin_refund(payments, payment)
    elif updated.verdict is Verdict.DUPLICATE:
        await _say_again(payments, payment)
    return outcome_of(updated)


async def _begin_refund(payments: Payments, payment: Payment) -> None:
    """Try at once, with a durable reminder behind it."""
    due = payments.clock() + payments.refund_backoff.after(payment.attempts)
    reminder = Reminder(kind=REFUND, id=payment.order_id, due=due)
    armed = await payments.reminders.arm_or_later(reminder)
    after = await _attempt(payments, payment, unarmed=() if armed else (reminder,))
    if armed is not None and after.status is not Status.REFUNDING:
        armed.forget()


async def _say_again(payments: Payments, payment: Payment) -> None:
    """Publish what the attempts have said: a crash may have come between a save and that."""
    failed, settled = Cause(f"{payment.refund_key}:{ALERT_AT_ATTEMPT}"), Cause(payment.refund_key)
    if payment.status in (Status.REFUNDED, Status.VOIDED):
        await payments.repository.republish(payment.order_id, failed, settled)
    elif payment.status is Status.REFUNDING and payment.attempts == ALERT_AT_ATTEMPT:
        await payments.repository.republish(payment.order_id, failed)


async def _attempt(
    payments: Payments, payment: Payment, unarmed: tuple[Reminder, ...] = ()
) -> Payment:
    """Ask the gateway once and store what it said; what is not understood counts as an attempt."""
    answer = await payments.gateway.refund(payment)
    if not isinstance(answer, RefundAttemptFailed):
        settled = Cause(payment.refund_key)
        updated = await payments.repository.update(payment.order_id, answer, settled)
        if updated.verdict is not Verdict.IMPOSSIBLE:
            return updated.state or payment
        _log.error("refund not understood", subject=payment.order_id, why=updated.why)
        answer = RefundAttemptFailed(f"not understood: {updated.why}")
    failed = Cause(f"{payment.refund_key}:{payment.attempts + 1}")
    updated = await payments.repository.update(payment.order_id, answer, failed, unarmed=unarmed)
    return updated.state or payment
