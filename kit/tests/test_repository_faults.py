"""Saves that lose, saves whose outcome nobody knows, and crashes between a save and its events."""

import json

import pytest

from cafe_kit.aggregate import Updated, Verdict
from cafe_kit.events import Cause
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.repository import ATTEMPTS
from cafe_kit.sidecar import Conflict, Rejected, SidecarError, Unavailable
from kit.tests import virtual_time
from kit.tests.hooks import failing
from kit.tests.lamp import (
    Dust,
    Install,
    InstallLit,
    Lamp,
    Press,
    Status,
    lamps,
    replica_of,
)
from kit.tests.overtaken import LateSidecar, OvertakenSidecar

OFF = Lamp("lamp-1", Status.OFF)
INSTALL, PRESS, OTHER = Cause("install-1"), Cause("press-1"), Cause("other")


def said(dapr: MemoryDapr) -> list[tuple[str, int]]:
    """Return (cause, version) of each published event, oldest first."""
    events = [json.loads(event) for _, event in dapr.published]
    return [(event["causationid"], event["data"]["version"]) for event in events]


async def test_a_lost_save_is_decided_again_on_the_state_of_the_winner(dapr: MemoryDapr) -> None:
    sidecar = OvertakenSidecar(dapr, "before", Press(), OTHER)
    await lamps(replica_of(sidecar)).update("lamp-1", Install(), INSTALL)

    updated = await lamps(sidecar).update("lamp-1", Press(), PRESS)

    assert updated == Updated(Verdict.MOVED, Lamp("lamp-1", Status.OFF, 2), 3)
    assert said(dapr) == [("install-1", 1), ("other", 2), ("press-1", 3)]


async def test_what_was_allowed_before_the_winner_may_be_refused_after_it(
    dapr: MemoryDapr,
) -> None:
    sidecar = OvertakenSidecar(dapr, "before", Press(), OTHER)
    await lamps(replica_of(sidecar)).update("lamp-1", Install(), INSTALL)

    updated = await lamps(sidecar).update("lamp-1", Dust(), Cause("dust-1"))

    assert updated == Updated(Verdict.REFUSED, Lamp("lamp-1", Status.ON, 1), 2, "it is hot")


@pytest.mark.parametrize("expect_new", [False, True])
async def test_a_lost_insert_is_decided_again_on_the_document_of_the_winner(
    dapr: MemoryDapr, *, expect_new: bool
) -> None:
    sidecar = OvertakenSidecar(dapr, "before", Install(), OTHER)

    updated = await lamps(sidecar).update("lamp-1", Install(), INSTALL, expect_new=expect_new)

    assert updated == Updated(Verdict.IGNORED, OFF, 1, "installed already")
    assert said(dapr) == [("other", 1)]


async def test_two_replicas_with_the_same_input_apply_it_once(dapr: MemoryDapr) -> None:
    sidecar = OvertakenSidecar(dapr, "before", Install(), INSTALL)

    updated = await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert updated == Updated(Verdict.DUPLICATE, OFF, 1)
    assert said(dapr) == [("install-1", 1), ("install-1", 1)]


async def test_a_save_without_an_answer_is_known_by_its_write_id(
    sidecar: MemorySidecar, dapr: MemoryDapr
) -> None:
    sidecar.hook = failing("save", "after")

    updated = await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert updated == Updated(Verdict.MOVED, OFF, 1)
    assert sidecar.calls["save"] == 1
    assert said(dapr) == [("install-1", 1)]


@pytest.mark.parametrize("expect_new", [False, True])
async def test_a_save_without_an_answer_that_lands_late_is_known_by_its_write_id(
    dapr: MemoryDapr, *, expect_new: bool
) -> None:
    """A store that is slow may commit what was given up after it has been read again."""
    sidecar = LateSidecar(dapr)

    updated = await lamps(sidecar).update("lamp-1", Install(), INSTALL, expect_new=expect_new)

    assert updated == Updated(Verdict.MOVED, OFF, 1)
    assert said(dapr) == [("install-1", 1)]


async def test_a_save_without_an_answer_that_was_written_over_is_known_by_its_write_id(
    dapr: MemoryDapr,
) -> None:
    sidecar = OvertakenSidecar(dapr, "after", Press(), OTHER)

    updated = await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert updated == Updated(Verdict.MOVED, Lamp("lamp-1", Status.ON, 1), 2)
    assert sidecar.calls["save"] == 1
    assert said(dapr) == [("other", 2), ("install-1", 1)]


@pytest.mark.parametrize("error", [Unavailable, Conflict])
async def test_a_save_that_did_not_happen_is_tried_again_whatever_it_is_called(
    sidecar: MemorySidecar, dapr: MemoryDapr, error: type[SidecarError]
) -> None:
    sidecar.hook = failing("save", "before", error=error)

    updated = await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert updated == Updated(Verdict.MOVED, OFF, 1)
    assert said(dapr) == [("install-1", 1)]


def test_an_update_that_never_settles_is_given_up(sidecar: MemorySidecar, dapr: MemoryDapr) -> None:
    sidecar.hook = failing("save", "before", times=ATTEMPTS, error=Conflict)

    with pytest.raises(Unavailable, match=f"not settled after {ATTEMPTS} attempts"):
        virtual_time.run(lamps(sidecar).update("lamp-1", Install(), INSTALL))

    assert sidecar.calls["save"] == ATTEMPTS
    assert (sidecar.documents, dapr.published) == ({}, [])


def test_an_update_may_settle_in_the_last_attempt(sidecar: MemorySidecar) -> None:
    sidecar.hook = failing("save", "before", times=ATTEMPTS - 1, error=Conflict)

    updated = virtual_time.run(lamps(sidecar).update("lamp-1", Install(), INSTALL))

    assert updated.verdict is Verdict.MOVED


async def test_a_save_that_can_never_succeed_is_not_repeated(sidecar: MemorySidecar) -> None:
    sidecar.hook = failing("save", "before", error=Rejected)

    with pytest.raises(Rejected):
        await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert sidecar.calls["save"] == 1


async def test_nothing_is_saved_when_the_first_read_fails(sidecar: MemorySidecar) -> None:
    sidecar.hook = failing("get", "before")

    with pytest.raises(Unavailable):
        await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert sidecar.documents == {}


async def test_an_outcome_that_cannot_be_read_is_found_by_the_same_cause(
    sidecar: MemorySidecar, dapr: MemoryDapr
) -> None:
    def go_away(verb: str, _phase: str, _what: str) -> None:
        if sidecar.documents:
            raise Unavailable(verb)

    sidecar.hook = go_away
    with pytest.raises(Unavailable):
        await lamps(sidecar).update("lamp-1", Install(), INSTALL)
    assert said(dapr) == []

    sidecar.hook = None
    updated = await lamps(sidecar).update("lamp-1", Install(), INSTALL)

    assert updated == Updated(Verdict.DUPLICATE, OFF, 1)
    assert said(dapr) == [("install-1", 1)]


@pytest.mark.parametrize(
    ("phase", "topic", "expected"),
    [
        ("before", "lamp.Installed.v1", [1, 2]),
        ("after", "lamp.Installed.v1", [1, 1, 2]),
        ("before", "lamp.Lit.v1", [1, 1, 2]),
        ("after", "lamp.Lit.v1", [1, 2, 1, 2]),
    ],
)
async def test_events_that_are_not_out_yet_go_out_with_the_same_cause(
    sidecar: MemorySidecar, dapr: MemoryDapr, phase: str, topic: str, expected: list[int]
) -> None:
    def crash(verb: str, at: str, what: str) -> None:
        if (verb, at, what) == ("publish", phase, topic):
            raise Unavailable("the process ends here")

    sidecar.hook = crash
    with pytest.raises(Unavailable):
        await lamps(sidecar).update("lamp-1", InstallLit(), INSTALL)

    sidecar.hook = None
    updated = await lamps(sidecar).update("lamp-1", InstallLit(), INSTALL)

    assert updated == Updated(Verdict.DUPLICATE, Lamp("lamp-1", Status.ON), 2)
    assert [version for _, version in said(dapr)] == expected
    assert sidecar.calls["save"] == 1
