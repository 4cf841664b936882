"""mypage-svc's documents through the sidecar.

One read and one write call for a whole batch. The write is not atomic, and need not be: folding the
same facts again gives the same documents, so whatever fails is read and folded once more.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from cafe_kit.pause import jittered
from cafe_kit.sidecar import Conflict, Sidecar, Stored, Unavailable, Write
from mypage_svc.domain import Fact, Row, fold
from mypage_svc.indexes import BoardIndex, CustomerIndex, with_active, with_mine

T = TypeVar("T")
ATTEMPTS: Final = 6
_ROW: Final = TypeAdapter(Row)
_MINE: Final = TypeAdapter(CustomerIndex)
_BOARD: Final = TypeAdapter(BoardIndex)


def _row_key(order_id: str) -> str:
    return f"page:{quote(order_id, safe='')}"


def _customer_key(customer_id: str) -> str:
    return f"customer:{quote(customer_id, safe='')}"


def _board_key(cafe_id: str) -> str:
    return f"board:{quote(cafe_id, safe='')}"


class SidecarPages:
    """See `mypage_svc.ports.Pages`."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def project(self, facts: Sequence[Fact]) -> None:
        for attempt in range(ATTEMPTS):
            writes = _fold_all(facts, await self._sidecar.get_many(_keys(facts)))
            try:
                if writes:
                    await self._sidecar.save_many(writes)
            except (Conflict, Unavailable):
                await jittered(attempt)
            else:
                return
        raise Unavailable(f"pages: not settled after {ATTEMPTS} attempts")

    async def row(self, order_id: str) -> Row | None:
        return _load(_ROW, await self._sidecar.get(_row_key(order_id)), None)

    async def rows(self, order_ids: Sequence[str]) -> list[Row]:
        if not order_ids:
            return []
        keys = [_row_key(order_id) for order_id in order_ids]
        found = await self._sidecar.get_many(keys)
        return [_ROW.validate_json(found[key].value) for key in keys if key in found]

    async def of_customer(self, customer_id: str) -> CustomerIndex:
        stored = await self._sidecar.get(_customer_key(customer_id))
        return _load(_MINE, stored, CustomerIndex())

    async def of_cafe(self, cafe_id: str) -> BoardIndex:
        return _load(_BOARD, await self._sidecar.get(_board_key(cafe_id)), BoardIndex())


def _keys(facts: Sequence[Fact]) -> list[str]:
    keys = {_row_key(fact.order_id) for fact in facts}
    keys |= {_customer_key(fact.customer_id) for fact in facts}
    keys |= {_board_key(fact.cafe_id) for fact in facts}
    return sorted(keys)


def _fold_all(facts: Sequence[Fact], found: Mapping[str, Stored]) -> list[Write]:
    """Return the documents that change, each folded from what is stored."""
    rows: dict[str, Row] = {}
    for fact in facts:
        key = _row_key(fact.order_id)
        rows[key] = fold(rows[key] if key in rows else _load(_ROW, found.get(key), None), fact)
    mine = _grouped(rows, lambda row: _customer_key(row.customer_id))
    boards = _grouped(rows, lambda row: _board_key(row.cafe_id))
    changed = [_changed(_ROW, key, row, found) for key, row in rows.items()]
    for key, group in mine.items():
        index = _load(_MINE, found.get(key), CustomerIndex())
        for row in group:
            index = with_mine(index, row)
        changed.append(_changed(_MINE, key, index, found, CustomerIndex()))
    changed += [_board_write(key, group, found) for key, group in boards.items()]
    return [write for write in changed if write is not None]


def _board_write(key: str, rows: Sequence[Row], found: Mapping[str, Stored]) -> Write | None:
    """Return the board with these rows, also where it stays the same while a row moved on.

    A board follows the rows, so of two writers the one that read the older row must lose. Were
    nothing written here, the other's older board would pass its compare-and-set.
    """
    stored = found.get(key)
    board = _load(_BOARD, stored, BoardIndex())
    for row in rows:
        board = with_active(board, row)
    before = [_load(_ROW, found.get(_row_key(row.order_id)), None) for row in rows]
    if [_stage(row) for row in before] == [_stage(row) for row in rows]:
        return _changed(_BOARD, key, board, found, BoardIndex())
    return Write(key, _BOARD.dump_json(board), stored.etag if stored else None)


def _stage(row: Row | None) -> object:
    """Return what of a row a board depends on."""
    return (row.cafe_order, row.queued_at) if row else (None, None)


def _grouped(rows: Mapping[str, Row], key_of: Callable[[Row], str]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows.values():
        groups.setdefault(key_of(row), []).append(row)
    return groups


def _load(codec: TypeAdapter[T], stored: Stored | None, default: Any) -> Any:  # noqa: ANN401
    return codec.validate_json(stored.value) if stored else default


def _changed(
    codec: TypeAdapter[T], key: str, value: T, found: Mapping[str, Stored], empty: T | None = None
) -> Write | None:
    stored = found.get(key)
    if value == _load(codec, stored, empty):
        return None
    return Write(key, codec.dump_json(value), stored.etag if stored else None)
