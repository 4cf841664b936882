"""Facts and the documents as they are stored -> the documents to write. No I/O.

What is folded twice gives the same, so whoever loses a race reads and folds once more. The lists
follow the rows: of two writers the one that read the older row must lose on the list, too, so a
list is written also where it stays the same while a row's place on it has changed, and a row is
written also where only a list has to be mended: what was read may be a new list and an old row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from cafe_kit.sidecar import Stored, Write
from mypage_svc.domain import fold
from mypage_svc.indexes import (
    CustomerIndex,
    Mine,
    Shelf,
    entry_of,
    lists_of,
    put,
    split,
    with_mine,
)
from mypage_svc.model import Fact, Row

T = TypeVar("T")
Found = Mapping[str, Stored]
ROW: Final = TypeAdapter(Row)
MINE: Final = TypeAdapter(CustomerIndex)
SHELF: Final = TypeAdapter(Shelf)


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of documents; those of another generation are another read side."""

    generation: str

    def row(self, order_id: str) -> str:
        """Return the key of a page row."""
        return f"{self.generation}:page:{quote(order_id, safe='')}"

    def customer(self, customer_id: str, number: int = 0) -> str:
        """Return the key of a customer's orders: 0 the newest, then from 1 the oldest on."""
        return f"{self.generation}:customer:{quote(customer_id, safe='')}:{number}"

    def shelf(self, name: str, number: int = 0) -> str:
        """Return the key of a shelf of a list."""
        return f"{self.generation}:{quote(name, safe=':')}:{number}"

    def of(self, facts: Sequence[Fact]) -> list[str]:
        """Return what has to be read to fold these facts, as long as no list is long."""
        keys = {self.shelf(name) for name in by_list(facts)}
        for fact in facts:
            keys.add(self.row(fact.order_id))
            if fact.placed is not None:
                keys.add(self.customer(fact.customer_id))
        return sorted(keys)

    def further(self, names: Iterable[str], found: Found) -> list[str]:
        """Return the shelves of lists behind the first ones, which are in `found`."""
        return [
            self.shelf(name, number)
            for name in sorted(names)
            for number in range(1, load(SHELF, found.get(self.shelf(name)), Shelf()).more + 1)
        ]


@dataclass(slots=True)
class Folded:
    """What is to be written: `behind` first (orders to add to these documents), then `writes`.

    `late` orders go into the last of these documents of their customer, unless one has them. Where
    lists are too long, `opens` alone is written, and then all is read and folded again: a shelf
    that the first one did not count yet would be found by nobody.
    """

    changed: list[Row] = field(default_factory=list[Row])
    mended: dict[str, Row] = field(default_factory=dict[str, Row])
    opens: list[Write] = field(default_factory=list[Write])
    behind: dict[str, tuple[Mine, ...]] = field(default_factory=dict[str, tuple[Mine, ...]])
    late: dict[tuple[str, ...], tuple[Mine, ...]] = field(
        default_factory=dict[tuple[str, ...], tuple[Mine, ...]]
    )
    writes: list[Write] = field(default_factory=list[Write])

    def behind_keys(self) -> list[str]:
        """Return the documents that `behind_writes` needs."""
        return sorted({*self.behind, *(key for keys in self.late for key in keys)})

    def behind_writes(self, found: Found) -> list[Write]:
        """Return how the documents behind the first ones become."""
        more = dict(self.behind)
        for keys, late in self.late.items():
            orders = (load(MINE, found.get(key), CustomerIndex()).orders for key in keys)
            listed = {mine.order_id for each in orders for mine in each}
            if new := tuple(mine for mine in late if mine.order_id not in listed):
                more[keys[-1]] = new
        return [
            _write(MINE, key, with_mine(load(MINE, found.get(key), CustomerIndex()), mine), found)
            for key, mine in more.items()
        ]


def by_list(facts: Iterable[Fact]) -> dict[str, set[str]]:
    """Return the lists that facts may change, each with the orders these are about."""
    orders: dict[str, set[str]] = {}
    for fact in facts:
        for name in lists_of(fact):
            orders.setdefault(name, set()).add(fact.order_id)
    return orders


def fold_all(keys: Keys, facts: Sequence[Fact], found: Found, now: datetime) -> Folded:
    """Fold facts into what is stored. Raises `Contradiction`."""
    before = {f.order_id: load(ROW, found.get(keys.row(f.order_id)), None) for f in facts}
    after: dict[str, Row | None] = dict(before)
    for fact in facts:
        after[fact.order_id] = fold(after[fact.order_id], fact)
    rows = {order_id: row for order_id, row in after.items() if row is not None}
    folded = Folded()
    for order_id, row in rows.items():
        if row != before[order_id]:
            changed = replace(row, changed_at=now)
            folded.changed.append(changed)
            folded.writes.append(_write(ROW, keys.row(order_id), changed, found))
    for name, moved in sorted(by_list(facts).items()):
        pairs = [(before[order_id], rows[order_id]) for order_id in sorted(moved)]
        _shelve(keys, name, pairs, found, folded)
    for customer_id in sorted({fact.customer_id for fact in facts if fact.placed}):
        placed = {f.order_id for f in facts if f.placed and f.customer_id == customer_id}
        mine = [rows[order_id] for order_id in sorted(placed)]
        _list_mine(keys, customer_id, mine, found, folded)
    folded.writes += [_write(ROW, keys.row(o), row, found) for o, row in folded.mended.items()]
    return folded


def _shelve(
    keys: Keys,
    name: str,
    pairs: Sequence[tuple[Row | None, Row]],
    found: Found,
    folded: Folded,
) -> None:
    first = load(SHELF, found.get(keys.shelf(name)), Shelf())
    names = [keys.shelf(name, number) for number in range(first.more + 1)]
    shelves = [first, *(load(SHELF, found.get(key), Shelf()) for key in names[1:])]
    after, moved = shelves, False
    for before, row in pairs:
        entry = entry_of(name, row)
        moved |= entry != entry_of(name, before)
        shelved = put(after, row.order_id, entry)
        if row == before and shelved != after:
            folded.mended[row.order_id] = row
        after = shelved
    if len(after) > len(shelves):
        opened = replace(first, more=len(after) - 1)
        folded.opens.append(_write(SHELF, keys.shelf(name), opened, found))
        return
    folded.writes += [
        _write(SHELF, keys.shelf(name, number), shelf, found)
        for number, shelf in enumerate(after)
        if moved or shelf != shelves[number]
    ]


def _list_mine(
    keys: Keys, customer_id: str, rows: Sequence[Row], found: Found, folded: Folded
) -> None:
    """List orders, newest in the first document; one that came very late goes behind."""
    key = keys.customer(customer_id)
    index = load(MINE, found.get(key), CustomerIndex())
    mine = [Mine(row.order_id, row.placed.at) for row in rows if row.placed]
    late = tuple(each for each in mine if index.ends_before(each))
    after, moves = split(with_mine(index, (each for each in mine if each not in late)))
    if late:
        behind = (keys.customer(customer_id, n) for n in range(1, index.behind + 1))
        folded.late[tuple(behind)] = late
    if moves:
        folded.behind[keys.customer(customer_id, after.behind)] = moves
    if after != index:
        folded.writes.append(_write(MINE, key, after, found))


def load(codec: TypeAdapter[T], stored: Stored | None, default: Any) -> Any:  # noqa: ANN401
    """Return a document, or the default when there is none."""
    return codec.validate_json(stored.value) if stored else default


def _write(codec: TypeAdapter[T], key: str, value: T, found: Found) -> Write:
    stored = found.get(key)
    return Write(key, codec.dump_json(value), stored.etag if stored else None)
