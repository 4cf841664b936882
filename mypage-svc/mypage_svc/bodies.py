"""What mypage-svc shows: the same bodies in lists and in streams."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel

from mypage_svc.domain import delivery_status, is_at_rest, order_status, refund_status
from mypage_svc.model import (
    DeliveryStatus,
    Fulfilment,
    Item,
    Money,
    OrderStatus,
    Page,
    Part,
    RefundStatus,
    Row,
)


class MomentBody(BaseModel):
    """One line of the timeline."""

    event: str
    at: AwareDatetime


class PageBody(BaseModel):
    """An order as its customer sees it; `cafe_status` is the state of the order at the cafe.

    `reason` says why there will be no drinks, `detail` the same in the cafe's own words.
    """

    order_id: str
    cafe_id: str
    order_status: OrderStatus
    delivery_status: DeliveryStatus
    refund_status: RefundStatus
    cafe_status: str | None
    queue_position: int | None
    ready_at: AwareDatetime | None
    items: tuple[Item, ...]
    total: Money
    fulfilment: Fulfilment
    note: str | None
    reason: str | None
    detail: str | None
    placed_at: AwareDatetime
    timeline: list[MomentBody]


class PagesBody(BaseModel):
    """Some pages, and the cursor of those after them."""

    items: list[PageBody]
    next: str | None


class BoardItemBody(PageBody):
    """An order as the cafe's baristas see it; `waiting_s` counts from its queueing."""

    waiting_s: int


class BoardBody(BaseModel):
    """A cafe's active orders, longest waiting first."""

    items: list[BoardItemBody]
    next: None = None


class DeliveryBody(BoardItemBody):
    """An order on its way to a door; `rider` None: nobody has taken it yet."""

    rider: str | None


class DeliveriesBody(BaseModel):
    """Deliveries to take or under way, longest waiting first."""

    items: list[DeliveryBody]
    next: None = None


class StoryBody(BaseModel):
    """An order as operators see it: what each owner said last, and for how long it has been quiet.

    `stuck`: it is not at rest, and quiet for longer than it should be.
    """

    order_id: str
    customer_id: str
    cafe_id: str
    order_status: OrderStatus
    delivery_status: DeliveryStatus
    refund_status: RefundStatus
    placed_at: AwareDatetime | None
    age_s: int
    quiet_s: int
    stuck: bool
    order: Part | None
    payment: Part | None
    cafe_order: Part | None
    timeline: list[MomentBody]


class StoriesBody(BaseModel):
    """Orders that are not at rest, oldest first, and the cursor of those after them."""

    items: list[StoryBody]
    next: str | None


def page_body(page: Page) -> PageBody:
    """Return a page whose OrderPlaced is known."""
    return PageBody.model_validate(_told(page))


def board_item(page: Page, now: datetime) -> BoardItemBody:
    """Return a page as it stands on a board."""
    return BoardItemBody.model_validate(_told(page) | _waiting(page, now))


def delivery(page: Page, now: datetime) -> DeliveryBody:
    """Return a page as a rider sees it."""
    more = _waiting(page, now) | {"rider": page.row.rider}
    return DeliveryBody.model_validate(_told(page) | more)


def story(row: Row, now: datetime, stuck_after_s: float) -> StoryBody:
    """Return a row as operators see it."""
    quiet_s = _age_s(row.timeline[-1].at, now)
    return StoryBody(
        order_id=row.order_id,
        customer_id=row.customer_id,
        cafe_id=row.cafe_id,
        order_status=order_status(row),
        delivery_status=delivery_status(row),
        refund_status=refund_status(row),
        placed_at=row.placed.at if row.placed else None,
        age_s=_age_s(row.timeline[0].at, now),
        quiet_s=quiet_s,
        stuck=quiet_s > stuck_after_s and not is_at_rest(row),
        order=row.order,
        payment=row.payment,
        cafe_order=row.cafe_order,
        timeline=_moments(row),
    )


def _told(page: Page) -> dict[str, Any]:
    row, placed = page.row, page.row.placed
    assert placed is not None  # noqa: S101 - rows without it are not shown
    return {
        "order_id": row.order_id,
        "cafe_id": row.cafe_id,
        "order_status": order_status(row),
        "delivery_status": delivery_status(row),
        "refund_status": refund_status(row),
        "cafe_status": row.cafe_order.status if row.cafe_order else None,
        "queue_position": page.queue_position,
        "ready_at": row.ready_at,
        "items": placed.items,
        "total": placed.total,
        "fulfilment": placed.fulfilment,
        "note": placed.note,
        "reason": row.why.reason if row.why else None,
        "detail": row.why.detail if row.why else None,
        "placed_at": placed.at,
        "timeline": _moments(row),
    }


def _waiting(page: Page, now: datetime) -> dict[str, Any]:
    return {"waiting_s": _age_s(page.row.queued_at or now, now)}


def _moments(row: Row) -> list[MomentBody]:
    return [MomentBody(event=m.event, at=m.at) for m in row.timeline]


def _age_s(since: datetime, now: datetime) -> int:
    """Return whole seconds from a time until now, 0 where clocks disagree."""
    return max(0, int((now - since).total_seconds()))
