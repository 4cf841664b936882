"""Pages: how many items, and a cursor that stands behind one of them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.pages import CURSOR_LIMIT, PageSize, decoded, encoded
from cafe_kit.problems import BadRequest
from kit.tests.lamp import NOW, ManualClock
from kit.tests.lamp_service import SETTINGS, client_of, lamp_app

router = APIRouter()


@router.get("/page")
async def page(limit: PageSize) -> int:
    """Tell the size of a page."""
    return limit


@pytest.mark.parametrize(
    ("most", "query", "status", "told"),
    [
        (50, "", 200, 20),
        (50, "?limit=1", 200, 1),
        (50, "?limit=50", 200, 50),
        (50, "?limit=51", 422, "A page has at most 50 items."),
        (7, "?limit=8", 422, "A page has at most 7 items."),
        (7, "", 200, 7),
    ],
)
async def test_a_page_has_at_most_as_many_items_as_the_setting_says(
    sidecar: MemorySidecar, clock: ManualClock, most: int, query: str, status: int, told: object
) -> None:
    app = lamp_app(sidecar, clock, SETTINGS.model_copy(update={"page_limit": most}), router=router)
    async with client_of(app) as client:
        reply = await client.get(f"/page{query}")

    found = reply.json()
    assert (reply.status_code, found if status == 200 else found["detail"]) == (status, told)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_names_a_moment_and_an_id(at: datetime, id_: object) -> None:
    cursor = encoded(at, str(id_))

    assert decoded(cursor) == (at, str(id_))
    assert len(cursor) <= CURSOR_LIMIT


def test_a_cursor_keeps_the_moment_of_another_zone() -> None:
    seoul = NOW.astimezone(timezone(timedelta(hours=9)))

    assert decoded(encoded(seoul, "a b")) == (NOW, "a b")


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "%%%", "ü", "\ud800", "_____", encoded(NOW.replace(tzinfo=None), "a"), ""],
)
def test_what_is_no_cursor_of_ours_is_a_bad_request(cursor: str) -> None:
    with pytest.raises(BadRequest, match="not one of ours"):
        decoded(cursor)


@given(st.text(max_size=CURSOR_LIMIT))
def test_whatever_is_sent_as_a_cursor_can_be_compared_or_is_refused(cursor: str) -> None:
    try:
        at, id_ = decoded(cursor)
    except BadRequest:
        return
    assert (at, id_) > (NOW, "") or (at, id_) <= (NOW, "")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_at_the_end_of_time_can_be_compared(moment: str) -> None:
    at, _ = decoded(encoded(datetime.fromisoformat(moment), "a"))

    assert (at < NOW) is (at.year == 1)
