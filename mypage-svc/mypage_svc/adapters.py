"""mypage-svc's documents, and the way to its replicas, through the sidecar.

One read and one write call for a whole batch. The write is not atomic, and need not be: folding the
same facts again gives the same documents, so whatever fails is read and folded once more.
"""

import uuid
from collections.abc import Sequence
from typing import Final

from cafe_kit.clock import Clock
from cafe_kit.events import CloudEvent
from cafe_kit.pause import jittered
from cafe_kit.sidecar import Conflict, Rejected, Sidecar, Unavailable
from mypage_svc.documents import MINE, ROW, SHELF, Folded, Keys, by_list, fold_all, load
from mypage_svc.domain import Contradiction
from mypage_svc.events import Changed, PageChanged
from mypage_svc.indexes import CustomerIndex, Entry, Shelf, merged
from mypage_svc.model import Fact, Row

ATTEMPTS: Final = 6


class SidecarPages:
    """See `mypage_svc.ports.Pages`."""

    def __init__(self, sidecar: Sidecar, clock: Clock, generation: str) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._keys = Keys(generation)

    async def project(self, facts: Sequence[Fact]) -> list[Row]:
        changed: dict[str, Row] = {}
        error: Conflict | Unavailable = Conflict("every time another was first")
        for attempt in range(ATTEMPTS):
            found = await self._sidecar.get_many(self._keys.of(facts))
            if further := self._keys.further(by_list(facts), found):
                found |= await self._sidecar.get_many(further)
            try:
                folded = fold_all(self._keys, facts, found, self._clock())
            except Contradiction as contradiction:
                raise Rejected(str(contradiction)) from contradiction
            changed |= {row.order_id: row for row in folded.changed}
            try:
                if folded.opens:
                    await self._sidecar.save_many(folded.opens)
                    continue
                await self._put_behind(folded)
                if folded.writes:
                    await self._sidecar.save_many(folded.writes)
            except (Conflict, Unavailable) as lost:
                error = lost
                await jittered(attempt)
            else:
                return list(changed.values())
        raise error

    async def row(self, order_id: str) -> Row | None:
        return load(ROW, await self._sidecar.get(self._keys.row(order_id)), None)

    async def rows(self, order_ids: Sequence[str]) -> list[Row]:
        if not order_ids:
            return []
        keys = [self._keys.row(order_id) for order_id in order_ids]
        found = await self._sidecar.get_many(keys)
        return [ROW.validate_json(found[key].value) for key in keys if key in found]

    async def of_customer(self, customer_id: str, number: int = 0) -> CustomerIndex:
        stored = await self._sidecar.get(self._keys.customer(customer_id, number))
        return load(MINE, stored, CustomerIndex())

    async def on_lists(self, names: Sequence[str]) -> list[Entry]:
        firsts = [self._keys.shelf(name) for name in names]
        found = await self._sidecar.get_many(firsts)
        if further := self._keys.further(names, found):
            found |= await self._sidecar.get_many(further)
        return merged(load(SHELF, found.get(key), Shelf()) for key in (*firsts, *further))

    async def _put_behind(self, folded: Folded) -> None:
        """Add a customer's older orders to documents of their own; rare, once in fifty orders."""
        if not (keys := folded.behind_keys()):
            return
        found = await self._sidecar.get_many(keys)
        if writes := folded.behind_writes(found):
            await self._sidecar.save_many(writes)


class SidecarReplicas:
    """See `mypage_svc.ports.Replicas`. `pubsub` gives every replica a consumer of its own."""

    def __init__(self, sidecar: Sidecar, clock: Clock, *, app_id: str, pubsub: str) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._app_id = app_id
        self._pubsub = pubsub

    async def tell(self, rows: Sequence[Row]) -> None:
        changes = tuple(Changed(r.order_id, r.customer_id, r.cafe_id) for r in rows)
        event_id = str(uuid.uuid4())
        event = CloudEvent(
            id=event_id,
            type=PageChanged.TOPIC,
            source=self._app_id,
            subject=rows[0].order_id,
            time=self._clock(),
            correlationid=event_id,
            causationid=event_id,
            data=PageChanged(changes=changes).model_dump(mode="json"),
        )
        body = event.model_dump_json().encode()
        await self._sidecar.publish(PageChanged.TOPIC, body, pubsub=self._pubsub)
