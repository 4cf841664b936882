"""One document per aggregate: a change is decided, saved, published, and done once.

The same input again publishes the same events with the same ids and changes nothing.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from cafe_kit.aggregate import JOURNAL_LIMIT, Snapshot, Updated, Verdict
from cafe_kit.events import Cause, event_id
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.repository import Repository
from kit.tests.lamp import (
    LAMP,
    Dust,
    Glow,
    Install,
    InstallLit,
    Lamp,
    Press,
    Status,
    Trigger,
    lamps,
)

OFF = Lamp("lamp-1", Status.OFF)
INSTALL = Cause("install-1")


@pytest.fixture
def repository(sidecar: MemorySidecar) -> Repository[Lamp]:
    return lamps(sidecar)


def said(dapr: MemoryDapr) -> list[dict[str, Any]]:
    """Return the published envelopes, oldest first."""
    return [json.loads(event) for _, event in dapr.published]


async def test_a_step_is_saved_and_its_event_published(
    repository: Repository[Lamp], dapr: MemoryDapr
) -> None:
    updated = await repository.update("lamp-1", Install(), INSTALL)

    assert updated == Updated(Verdict.MOVED, OFF, 1)
    assert dapr.published[0][0] == "lamp.Installed.v1"
    assert said(dapr) == [
        {
            "specversion": "1.0",
            "id": event_id("lamp-1", "lamp-svc", 1, "lamp.Installed.v1"),
            "type": "lamp.Installed.v1",
            "source": "lamp-svc",
            "subject": "lamp-1",
            "time": "2026-05-04T03:02:01Z",
            "datacontenttype": "application/json",
            "correlationid": "lamp-1",
            "causationid": "install-1",
            "data": {
                "lamp_id": "lamp-1",
                "version": 1,
                "status": "OFF",
                "occurred_at": "2026-05-04T03:02:01Z",
            },
        }
    ]


async def test_what_was_saved_is_read_back(
    repository: Repository[Lamp], sidecar: MemorySidecar
) -> None:
    assert await repository.get("lamp-1") is None

    await repository.update("lamp-1", Install(), INSTALL)

    etag = sidecar.documents["lamp:lamp-1"][1]
    assert await repository.get("lamp-1") == Snapshot(OFF, 1, etag)


async def test_the_same_cause_again_publishes_the_same_events_and_saves_nothing(
    repository: Repository[Lamp], sidecar: MemorySidecar, dapr: MemoryDapr
) -> None:
    await repository.update("lamp-1", InstallLit(), INSTALL)
    await repository.update("lamp-1", Press(), Cause("press-1"))
    first = said(dapr)
    saves = sidecar.calls["save"]

    repeated = await repository.update("lamp-1", InstallLit(), INSTALL)

    assert repeated == Updated(Verdict.DUPLICATE, Lamp("lamp-1", Status.OFF, 1), 3)
    assert said(dapr) == [*first, *first[:2]]
    assert sidecar.calls["save"] == saves


async def test_two_steps_of_one_save_have_versions_of_their_own(
    repository: Repository[Lamp], sidecar: MemorySidecar, dapr: MemoryDapr
) -> None:
    updated = await repository.update("lamp-1", InstallLit(), INSTALL)

    assert updated == Updated(Verdict.MOVED, Lamp("lamp-1", Status.ON), 2)
    assert sidecar.calls["save"] == 1
    assert [(event["type"], event["data"]["version"]) for event in said(dapr)] == [
        ("lamp.Installed.v1", 1),
        ("lamp.Lit.v1", 2),
    ]


async def test_a_step_may_say_nothing(repository: Repository[Lamp], dapr: MemoryDapr) -> None:
    await repository.update("lamp-1", Install(), INSTALL)

    moved = await repository.update("lamp-1", Dust(), Cause("dust-1"))
    repeated = await repository.update("lamp-1", Dust(), Cause("dust-1"))

    assert (moved, repeated) == (
        Updated(Verdict.MOVED, OFF, 2),
        Updated(Verdict.DUPLICATE, OFF, 2),
    )
    assert len(said(dapr)) == 1


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Install(), Updated(Verdict.IGNORED, OFF, 1, "installed already")),
        (Glow(), Updated(Verdict.IMPOSSIBLE, OFF, 1, "it is off")),
    ],
)
async def test_what_the_table_does_not_move_changes_and_says_nothing(
    repository: Repository[Lamp],
    sidecar: MemorySidecar,
    dapr: MemoryDapr,
    trigger: Trigger,
    expected: Updated[Lamp],
) -> None:
    await repository.update("lamp-1", Install(), INSTALL)

    assert await repository.update("lamp-1", trigger, Cause("other")) == expected

    assert (sidecar.calls["save"], len(said(dapr))) == (1, 1)


@pytest.mark.parametrize("expect_new", [False, True])
@pytest.mark.parametrize(
    ("trigger", "verdict", "why"),
    [(Dust(), Verdict.REFUSED, "no lamp"), (Glow(), Verdict.IMPOSSIBLE, "no lamp glows")],
)
async def test_without_a_document_the_table_has_its_own_rows(
    repository: Repository[Lamp],
    sidecar: MemorySidecar,
    trigger: Trigger,
    verdict: Verdict,
    why: str,
    *,
    expect_new: bool,
) -> None:
    updated = await repository.update("lamp-1", trigger, Cause("c"), expect_new=expect_new)

    assert updated == Updated(verdict, None, 0, why)
    assert sidecar.documents == {}


async def test_a_document_expected_to_be_new_is_not_read_first(
    repository: Repository[Lamp], sidecar: MemorySidecar
) -> None:
    updated = await repository.update("lamp-1", Install(), INSTALL, expect_new=True)

    assert updated.verdict is Verdict.MOVED
    assert sidecar.calls == {"save": 1, "publish": 1}


@pytest.mark.parametrize(
    ("trigger", "cause", "verdict", "version"),
    [
        (Install(), INSTALL, Verdict.DUPLICATE, 1),
        (Install(), Cause("other"), Verdict.IGNORED, 1),
        (Press(), Cause("other"), Verdict.MOVED, 2),
        (Dust(), Cause("other"), Verdict.MOVED, 2),
        (Glow(), Cause("other"), Verdict.IMPOSSIBLE, 1),
    ],
)
async def test_a_document_expected_to_be_new_that_exists_is_found_and_decided_upon(
    repository: Repository[Lamp], trigger: Trigger, cause: Cause, verdict: Verdict, version: int
) -> None:
    await repository.update("lamp-1", Install(), INSTALL)

    updated = await repository.update("lamp-1", trigger, cause, expect_new=True)

    assert (updated.verdict, updated.version) == (verdict, version)


async def test_the_journal_forgets_the_oldest_inputs(
    repository: Repository[Lamp], sidecar: MemorySidecar
) -> None:
    causes = [f"press-{number}" for number in range(JOURNAL_LIMIT + 3)]

    for cause in causes:
        await repository.update("lamp-1", Press(), Cause(cause))

    document, _ = sidecar.documents["lamp:lamp-1"]
    assert [entry["cause_id"] for entry in document["journal"]] == causes[-JOURNAL_LIMIT:]
    assert document["version"] == len(causes)


async def test_how_many_inputs_a_journal_remembers_is_the_kinds_own_limit(
    sidecar: MemorySidecar,
) -> None:
    repository = lamps(sidecar, kind=replace(LAMP, journal_limit=2))

    for number in range(4):
        await repository.update("lamp-1", Press(), Cause(f"press-{number}"))

    document, _ = sidecar.documents["lamp:lamp-1"]
    assert [entry["cause_id"] for entry in document["journal"]] == ["press-2", "press-3"]
    assert (await repository.update("lamp-1", Press(), Cause("press-3"))).moved is False


async def test_any_text_is_an_id_with_a_key_of_its_own(
    repository: Repository[Lamp], sidecar: MemorySidecar
) -> None:
    """Ids come from paths, where a caller writes what it likes."""
    odd = ["a||b", "a%7C%7Cb", "../up", "a b", "주문-ü-☕", "a?b=c#d"]

    for id_ in odd:
        assert (await repository.update(id_, Install(), INSTALL)).moved

    assert len(sidecar.documents) == len(odd)
