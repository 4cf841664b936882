"""The page row: a fold of what the owners say, the same for any sequence and any repetition. Pure.

For each source the newest version wins; fields that only one event carries are taken from it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from mypage_svc.model import (
    DeliveryStatus,
    Fact,
    Moment,
    OrderStatus,
    Part,
    RefundStatus,
    Row,
    Source,
    Why,
)

_AT_CAFE: Final = {
    "QUEUED": OrderStatus.PAID,
    "ACCEPTED": OrderStatus.ACCEPTED,
    "MAKING": OrderStatus.MAKING,
    "READY": OrderStatus.READY,
    "DELIVERING": OrderStatus.READY,
    "PICKED_UP": OrderStatus.COMPLETED,
    "DELIVERED": OrderStatus.COMPLETED,
    "REJECTED": OrderStatus.REJECTED,
    "CANCELLED": OrderStatus.CANCELLED,
    "UNCOLLECTED": OrderStatus.UNCOLLECTED,
}
_DELIVERY: Final = {
    "DELIVERING": DeliveryStatus.DELIVERING,
    "DELIVERED": DeliveryStatus.DELIVERED,
    "PICKED_UP": DeliveryStatus.PICKED_UP,
}
_OFF: Final = {OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.UNCOLLECTED}
_FULFILLED: Final = {OrderStatus.COMPLETED, OrderStatus.UNCOLLECTED}
_GIVEN_UP: Final = {OrderStatus.CANCELLED, OrderStatus.REJECTED}
_MONEY_AT_REST: Final = {"FAILED", "VOIDED", "REFUNDED"}
WAITING: Final = frozenset({"QUEUED", "ACCEPTED", "MAKING"})
ACTIVE: Final = WAITING | {"READY", "DELIVERING"}


class Contradiction(Exception):
    """A fact names another customer or cafe than the order's first one: somebody is wrong."""


def fold(row: Row | None, fact: Fact) -> Row:
    """Add one fact. One that is in the timeline already changes nothing.

    Raises `Contradiction`.
    """
    row = row or Row(fact.order_id, fact.customer_id, fact.cafe_id)
    if (row.customer_id, row.cafe_id) != (fact.customer_id, fact.cafe_id):
        raise Contradiction(f"{fact.event} is about another customer's or another cafe's order")
    moment = Moment(fact.event, fact.at, fact.source, fact.version)
    if moment in row.timeline:
        return row
    row = _with_part(row, fact)
    return replace(
        row,
        placed=fact.placed or row.placed,
        ready_at=fact.ready_at or row.ready_at,
        refunded=fact.refunded or row.refunded,
        rider=fact.rider or row.rider,
        why=_newer_why(row, fact),
        queued_at=fact.at if fact.event == "OrderQueued" else row.queued_at,
        timeline=tuple(sorted((*row.timeline, moment), key=_when)),
    )


def order_status(row: Row) -> OrderStatus:
    """Say in one word how far the order is."""
    if row.order is not None and row.order.status == "CANCELLED":
        return OrderStatus.CANCELLED
    if _is_cancelling(row):
        return OrderStatus.CANCELLING
    if row.cafe_order is not None:
        return _AT_CAFE.get(row.cafe_order.status, OrderStatus.PAID)
    if row.payment is not None and row.payment.status == "PAID":
        return OrderStatus.PAID
    return OrderStatus.ORDERED


def delivery_status(row: Row) -> DeliveryStatus:
    """Say where the drinks are; None for an order that will bring none."""
    if order_status(row) in _OFF:
        return DeliveryStatus.NONE
    at_cafe = row.cafe_order.status if row.cafe_order else ""
    return _DELIVERY.get(at_cafe, DeliveryStatus.BEFORE)


def refund_status(row: Row) -> RefundStatus:
    """Say whether money is on its way back; Delayed once several attempts have failed."""
    if row.refunded is not None:
        return RefundStatus.REFUNDED
    if row.payment is not None and row.payment.status == "VOIDED":
        return RefundStatus.NONE
    told = {moment.event for moment in row.timeline}
    if "RefundFailed" in told:
        return RefundStatus.DELAYED
    given_up = told & {"OrderRejected", "CafeOrderCancelled"}
    if given_up and "Paid" in told:
        return RefundStatus.IN_PROGRESS
    return RefundStatus.NONE


def is_on_board(row: Row) -> bool:
    """Say whether the cafe is busy with the order."""
    at_cafe = row.cafe_order.status if row.cafe_order else ""
    return at_cafe in ACTIVE and row.queued_at is not None


def is_waiting(row: Row) -> bool:
    """Say whether the order stands in the cafe's queue: its drinks are not ready yet."""
    return is_on_board(row) and row.cafe_order is not None and row.cafe_order.status in WAITING


def is_delivery(row: Row) -> bool:
    """Say whether a rider can take the order, or is on the way with it."""
    at_cafe = row.cafe_order.status if row.cafe_order else ""
    method = row.placed.fulfilment.method if row.placed else ""
    return method == "delivery" and at_cafe in {"READY", "DELIVERING"}


def is_at_rest(row: Row) -> bool:
    """Say whether nothing is to happen any more: fulfilled, or given up and the money settled."""
    status = order_status(row)
    money = row.payment.status if row.payment else ""
    return status in _FULFILLED or (status in _GIVEN_UP and money in _MONEY_AT_REST)


def _newer_why(row: Row, fact: Fact) -> Why | None:
    """Keep what the cafe says; what order-svc says of the end is the answer where it does not."""
    if fact.source is Source.CAFE_ORDER:
        return fact.why or row.why
    return row.why or fact.why


def _is_cancelling(row: Row) -> bool:
    """A cancellation is asked for, and the cafe has neither granted it nor begun to make."""
    if row.order is None or row.order.status != "CANCELLING":
        return False
    return row.cafe_order is None or row.cafe_order.status in {"QUEUED", "ACCEPTED"}


def _with_part(row: Row, fact: Fact) -> Row:
    known = {
        Source.ORDER: row.order,
        Source.PAYMENT: row.payment,
        Source.CAFE_ORDER: row.cafe_order,
    }[fact.source]
    if known is not None and known.version >= fact.version:
        return row
    return replace(row, **{fact.source.value: Part(fact.version, fact.status)})


def _when(moment: Moment) -> tuple[datetime, str, int]:
    return moment.at, moment.source, moment.version
