"""The broker of a running stack as an operator sees it: what was said, and who has heard it."""

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final, cast

import valkey

from tools.client import Json
from tools.terminal import StackError

PAGE: Final = 500
Entries = list[tuple[str, dict[str, str]]]
"""What Valkey answers to XRANGE: entry id and fields; the client's own types are partly unknown."""
Ends = Mapping[str, str]
"""By topic, the id of its newest entry at some moment."""


class Broker:
    """Streams, one per topic, and their consumer groups."""

    def __init__(self, client: valkey.Valkey) -> None:
        self._client = cast("Any", client)

    def said(self, topics: Iterable[str]) -> Generator[Json]:
        """Return every event (CloudEvents) that these topics still hold, oldest first in each.

        What is no event of ours is left out: it ended among the dead letters.
        """
        for topic in topics:
            after = "-"
            while entries := cast("Entries", self._client.xrange(topic, min=after, count=PAGE)):
                for _, fields in entries:
                    if event := _event(fields["data"]):
                        yield event
                after = f"({entries[-1][0]}"

    def ends(self, topics: Iterable[str]) -> Ends:
        """Return where these topics end now, empty ones left out."""
        last = {topic: self._client.xrevrange(topic, count=1) for topic in topics}
        return {topic: found[0][0] for topic, found in last.items() if found}

    def added(self, topics: Iterable[str]) -> int:
        """Count the events that were ever said on these topics, deleted ones too."""
        known = [topic for topic in topics if self._client.exists(topic)]
        return sum(self._client.xinfo_stream(topic)["entries-added"] for topic in known)

    def left(self, group: str, topics: Iterable[str]) -> int:
        """Count the events that a group has not heard yet, or not acknowledged; it may be new."""
        return sum(self._left(group, topic) for topic in topics)

    def has_heard(self, group: str, ends: Ends) -> bool:
        """Say whether a group has acknowledged everything up to these ends."""
        return all(self._has_heard(group, topic, _place(end)) for topic, end in ends.items())

    def forget(self, group: str, topics: Iterable[str]) -> None:
        """Delete a consumer group, where there is one; another of its name would begin anew."""
        for topic in topics:
            if self._group(group, topic):
                self._client.xgroup_destroy(topic, group)

    def _left(self, group: str, topic: str) -> int:
        found = self._group(group, topic)
        if not found:
            return self._client.xlen(topic)
        return (found["lag"] or 0) + found["pending"]

    def _has_heard(self, group: str, topic: str, end: tuple[int, int]) -> bool:
        found = self._group(group, topic)
        if not found or _place(found["last-delivered-id"]) < end:
            return False
        oldest = self._client.xpending(topic, group)["min"]
        return oldest is None or _place(oldest) > end

    def _group(self, group: str, topic: str) -> Json:
        """Return what the broker knows of a group; empty where there is none."""
        if not self._client.exists(topic):
            return {}
        found = cast("list[Json]", self._client.xinfo_groups(topic))
        return {each["name"]: each for each in found}.get(group, {})


@contextmanager
def connect(port: int) -> Generator[Broker]:
    """Talk to the broker at a port of loopback. Raises `StackError` when it cannot be."""
    with closing(valkey.Valkey(port=port, decode_responses=True)) as client:
        try:
            yield Broker(client)
        except valkey.ValkeyError as error:
            raise StackError(f"The broker at port {port} does not answer: {error}.") from error


def _place(entry_id: str) -> tuple[int, int]:
    """Read an entry's id: milliseconds and a number."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


def _event(text: str) -> Json | None:
    try:
        event: object = json.loads(text)
    except ValueError:
        return None
    return cast("Json", event) if isinstance(event, dict) and "subject" in event else None
