"""What the streams show: a customer's pages, a cafe's board, the deliveries."""

from mypage_svc import use_cases
from mypage_svc.bodies import (
    BoardBody,
    DeliveriesBody,
    PagesBody,
    board_item,
    delivery,
    page_body,
)
from mypage_svc.cursors import cursor
from mypage_svc.domain import is_on_board
from mypage_svc.model import Page, Row
from mypage_svc.use_cases import MyPages, Place


class MyPagesView:
    """A customer's newest orders (`mypage_svc.watch.View`)."""

    keeps = True

    def __init__(self, service: MyPages, customer_id: str, limit: int) -> None:
        self.topics = frozenset({f"customer:{customer_id}"})
        self._service = service
        self._customer_id = customer_id
        self._limit = limit

    def shows(self, row: Row) -> bool:
        return row.customer_id == self._customer_id and row.placed is not None

    async def read(self) -> list[Page]:
        return (await self._read())[0]

    async def snapshot(self) -> tuple[bytes, list[Page]]:
        pages, more = await self._read()
        body = PagesBody(items=[page_body(page) for page in pages], next=cursor(more))
        return body.model_dump_json().encode(), pages

    def body(self, page: Page) -> bytes:
        return page_body(page).model_dump_json().encode()

    async def _read(self) -> tuple[list[Page], Place | None]:
        return await use_cases.pages_of(
            self._service, self._customer_id, after=None, limit=self._limit
        )


class BoardView:
    """A cafe's active orders (`mypage_svc.watch.View`)."""

    keeps = False

    def __init__(self, service: MyPages, cafe_id: str) -> None:
        self.topics = frozenset({f"cafe:{cafe_id}"})
        self._service = service
        self._cafe_id = cafe_id

    def shows(self, row: Row) -> bool:
        return row.cafe_id == self._cafe_id and row.placed is not None and is_on_board(row)

    async def read(self) -> list[Page]:
        return await use_cases.board(self._service, self._cafe_id)

    async def snapshot(self) -> tuple[bytes, list[Page]]:
        pages, now = await self.read(), self._service.clock()
        body = BoardBody(items=[board_item(page, now) for page in pages])
        return body.model_dump_json().encode(), pages

    def body(self, page: Page) -> bytes:
        return board_item(page, self._service.clock()).model_dump_json().encode()


class DeliveriesView:
    """What a rider can take or is on the way with; `rider` None: all (`mypage_svc.watch.View`)."""

    keeps = False
    topics = frozenset({"deliveries"})

    def __init__(self, service: MyPages, rider: str | None) -> None:
        self._service = service
        self._rider = rider

    def shows(self, row: Row) -> bool:
        return use_cases.may_deliver(row, self._rider)

    async def read(self) -> list[Page]:
        return await use_cases.to_deliver(self._service, self._rider)

    async def snapshot(self) -> tuple[bytes, list[Page]]:
        pages, now = await self.read(), self._service.clock()
        body = DeliveriesBody(items=[delivery(page, now) for page in pages])
        return body.model_dump_json().encode(), pages

    def body(self, page: Page) -> bytes:
        return delivery(page, self._service.clock()).model_dump_json().encode()
