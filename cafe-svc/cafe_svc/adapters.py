"""cafe-svc's ports through the sidecar."""

import uuid
from datetime import datetime, timedelta
from typing import Final

from cafe_kit.aggregate import Verdict
from cafe_kit.clock import Clock
from cafe_kit.events import Cause
from cafe_kit.problems import NotFound, Refused
from cafe_kit.repository import Repository
from cafe_kit.sidecar import Unavailable
from cafe_svc.catalogue import Cafe, FoundCafe, SetMenuItem, Trigger, seed

FRESH_FOR: Final = timedelta(seconds=5)


class StoredCatalogue:
    """Cafes in the state store, one document each; reads are kept for 5 s.

    order-svc keeps menus as long, so an order meets the same cafe on both sides.

    Only cafes of the seed exist, so the cache is bounded and an unknown id costs no call.
    """

    def __init__(self, repository: Repository[Cafe], clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._seed = seed()
        self._ids = {cafe.cafe_id for cafe in self._seed}
        self._cache: dict[str, tuple[Cafe, datetime]] = {}

    async def found(self) -> None:
        for cafe in self._seed:
            cause = Cause(f"seed:{cafe.cafe_id}")
            await self._repository.update(cafe.cafe_id, FoundCafe(cafe), cause, expect_new=True)

    async def get(self, cafe_id: str) -> Cafe | None:
        if cafe_id not in self._ids:
            return None
        cached = self._cache.get(cafe_id)
        if cached is not None and self._clock() - cached[1] < FRESH_FOR:
            return cached[0]
        found = await self._repository.get(cafe_id)
        if found is None:
            raise Unavailable(f"the cafe {cafe_id} is not stored yet")
        self._cache[cafe_id] = (found.state, self._clock())
        return found.state

    async def change(self, cafe_id: str, trigger: Trigger) -> Cafe:
        # No event is said and each step may be repeated, so every request is a cause of its own.
        cause = Cause(f"change:{uuid.uuid4().hex}")
        updated = await self._repository.update(cafe_id, trigger, cause)
        if updated.state is None:
            raise NotFound("There is no such cafe.")
        if updated.verdict is Verdict.REFUSED and isinstance(trigger, SetMenuItem):
            raise Refused(f"Not now: {updated.why}.")
        if updated.verdict is Verdict.REFUSED:
            raise NotFound(f"{updated.why.capitalize()}.")
        self._cache.pop(cafe_id, None)
        return updated.state

    async def all(self) -> list[Cafe]:
        cafes = [await self.get(cafe.cafe_id) for cafe in self._seed]
        return [cafe for cafe in cafes if cafe is not None]
