"""mypage-svc's streams (server-sent events): a snapshot, then every page that changes.

Frames are named `snapshot` (the body of the list), `page` (one item of it, new or changed) and
`gone` (`{"order_id"}`: it has left the list). Repeats happen.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request, Response

from cafe_kit.auth import Principal
from cafe_kit.pages import PAGE_SIZE
from cafe_kit.streams import Streams
from mypage_svc.api import CafeId, Customer, Rider, Staff, check_board, rider_of
from mypage_svc.use_cases import MyPages
from mypage_svc.views import BoardView, DeliveriesView, MyPagesView
from mypage_svc.watch import View

RESUME_WITHIN: Final = timedelta(hours=1)
"""Who was away for longer begins anew."""

router = APIRouter(tags=["streams"])
LastId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)]
DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@router.get("/my-pages/stream", responses=DOCUMENTED, response_class=Response)
async def stream_pages(request: Request, caller: Customer, last_id: LastId = None) -> Response:
    """Follow one's own orders; with `Last-Event-ID`, what has changed since, in place of all."""
    limit = min(PAGE_SIZE, request.app.state.page_limit)
    view = MyPagesView(request.app.state.service, caller.sub, limit)
    return await _stream(request, caller, view, last_id)


@router.get("/boards/{cafe_id}/stream", responses=DOCUMENTED, response_class=Response)
async def stream_board(request: Request, cafe_id: CafeId, caller: Staff) -> Response:
    """Follow what a cafe has to do; it begins with the whole board, again and again."""
    check_board(caller, cafe_id)
    return await _stream(request, caller, BoardView(request.app.state.service, cafe_id), None)


@router.get("/deliveries/stream", responses=DOCUMENTED, response_class=Response)
async def stream_deliveries(request: Request, caller: Rider) -> Response:
    """Follow what there is to deliver; it begins with all of it, again and again."""
    view = DeliveriesView(request.app.state.service, rider_of(caller))
    return await _stream(request, caller, view, None)


async def _stream(request: Request, caller: Principal, view: View, last_id: str | None) -> Response:
    service: MyPages = request.app.state.service
    streams: Streams = request.app.state.streams
    now = service.clock()
    return await streams.response(
        caller.sub,
        partial(service.live.follow, view, _since(last_id, now)),
        expires_in_s=float(caller.claims["exp"]) - now.timestamp(),
    )


def _since(last_id: str | None, now: datetime) -> datetime | None:
    """Return from when on to send changes; None for an id that is none, or too old, or to come."""
    if last_id is None or not last_id.isdecimal() or len(last_id) > len("1795000000000"):
        return None
    since = datetime.fromtimestamp(int(last_id) / 1000, UTC)
    return since if now - RESUME_WITHIN < since <= now + timedelta(minutes=1) else None
