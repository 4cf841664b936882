"""Saves that are given up and have their effect all the same, after their caller has looked for it.

A commit that is under way when the caller's time is over does that. A sidecar in memory knows only
before and after, so the effect of such a save is taken back. It comes with the first call of the
same app after one that has read the key, or `LATEST` after the save. As in any compare-and-set, a
key that was written meanwhile keeps what is there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cafe_kit.memory_sidecar import Hook
from cafe_kit.sidecar import Unavailable
from tests.memory.cafe import MemoryCafe
from tests.simulation.accidents import SAVES, Late

LATEST: Final = timedelta(seconds=5)
READS: Final = frozenset({"get", "get_many"})
Documents = dict[str, tuple[Any, str]]
"""Key -> value and ETag, as a sidecar in memory holds them."""


@dataclass(slots=True)
class Held:
    """One save on its way: what it writes, and what it expects to find."""

    app_id: str
    expected: Documents
    written: Documents
    due: datetime
    read: bool = False


class LateSaves:
    """Sees every sidecar call of a cafe. Not for calls that take time: then others see the save."""

    def __init__(self, cafe: MemoryCafe) -> None:
        self._cafe = cafe
        self._held: list[Held] = []
        self._before: Documents = {}

    def meet(self, app_id: str, inner: Hook, verb: str, phase: str, what: str) -> None:
        """Ask `inner` what the call meets; have it answered `Unavailable` where that is `Late`."""
        self._land_what_is_due(app_id)
        if verb in SAVES and phase == "before":
            self._before = self._found(app_id, what)
        try:
            inner(verb, phase, what)
        except Late as late:
            self._hold(app_id, what)
            raise Unavailable("no answer in time") from late
        if verb in READS:
            for held in self._held:
                held.read |= held.app_id == app_id and not held.written.keys().isdisjoint(
                    what.split(",")
                )

    def land(self) -> None:
        """Let everything have its effect that is on its way."""
        held, self._held = self._held, []
        for save in held:
            self._land(save)

    def _hold(self, app_id: str, what: str) -> None:
        assert self._cafe.dapr.latency_s is None
        documents, written = self._cafe.nodes[app_id].documents, self._found(app_id, what)
        for key in written:
            del documents[key]
        documents |= self._before
        due = self._cafe.clock.now + LATEST
        self._held.append(Held(app_id, self._before, written, due))

    def _land_what_is_due(self, app_id: str) -> None:
        for save in list(self._held):
            if (save.read and save.app_id == app_id) or save.due <= self._cafe.clock.now:
                self._held.remove(save)
                self._land(save)

    def _land(self, save: Held) -> None:
        documents = self._cafe.nodes[save.app_id].documents
        for key, written in save.written.items():
            if documents.get(key) == save.expected.get(key):
                documents[key] = written

    def _found(self, app_id: str, what: str) -> Documents:
        documents = self._cafe.nodes[app_id].documents
        return {key: documents[key] for key in what.split(",") if key in documents}
