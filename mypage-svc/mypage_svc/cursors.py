"""Where a customer's list goes on, as text."""

from cafe_kit.pages import decoded, encoded
from cafe_kit.problems import BadRequest
from mypage_svc.indexes import Mine
from mypage_svc.use_cases import Place


def cursor(place: Place | None) -> str | None:
    """Return where a customer's list goes on, for `after`."""
    return encoded(place.mine.placed_at, f"{place.number} {place.mine.order_id}") if place else None


def after(text: str) -> Place:
    """Return the place behind a cursor. Raises `BadRequest`."""
    placed_at, rest = decoded(text)
    number, _, order_id = rest.partition(" ")
    if not number.isdecimal():
        raise BadRequest("The cursor is not one of ours.")
    return Place(Mine(order_id, placed_at), int(number))
