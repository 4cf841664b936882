"""Pages of lists that are sorted by a time and an id: their size, and the cursor to the next."""

import base64
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Query, Request

from cafe_kit.problems import BadRequest, Unprocessable

PAGE_SIZE: Final = 20
CURSOR_LIMIT: Final = 200
"""Characters of a cursor."""


def encoded(at: datetime, id_: str) -> str:
    """Return the cursor that stands behind this item."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_}".encode()).decode()


def decoded(cursor: str) -> tuple[datetime, str]:
    """Return the item's time and id. Raises `BadRequest`."""
    try:
        at, _, id_ = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        when = datetime.fromisoformat(at)
    except ValueError as error:
        raise BadRequest("The cursor is not one of ours.") from error
    if when.tzinfo is None:
        raise BadRequest("The cursor is not one of ours.")
    return when, id_


async def _page_size(request: Request, limit: Annotated[int | None, Query(ge=1)] = None) -> int:
    most: int = request.app.state.page_limit
    if limit is None:
        return min(PAGE_SIZE, most)
    if limit > most:
        raise Unprocessable(f"A page has at most {most} items.")
    return limit


PageSize = Annotated[int, Depends(_page_size)]
"""The query parameter `limit`: PAGE_SIZE unless given, at most the setting `page_limit`."""
