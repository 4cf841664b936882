"""Which letters are open: entered and struck out once, whatever another replica does meanwhile."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from cafe_kit.letter_index import ATTEMPTS, BUCKET_LIMIT, BUCKETS, LetterIndex
from cafe_kit.letters import OPEN, Letter, Message, Status
from cafe_kit.sidecar import Conflict, Unavailable
from kit.tests.desk import Desk, in_virtual_time
from kit.tests.hooks import away, failing
from kit.tests.lamp import NOW, replica_of

LETTER = Letter(
    message=Message("letter-1", "lamp.Lit.v1", "event-1", "lamp-1", body="{}", size=2),
    status=Status.WAITING,
    reason="no lamp glows",
    attempts=1,
    first_at=NOW,
    last_at=NOW,
)


def letter(number: int, status: Status = Status.WAITING, after_s: float = 0) -> Letter:
    """Return one of many letters, first parked so long after NOW."""
    message = replace(LETTER.message, letter_id=f"letter-{number}")
    return replace(
        LETTER, message=message, status=status, first_at=NOW + timedelta(seconds=after_s)
    )


async def ids(index: LetterIndex) -> list[str]:
    """Return the ids in the list."""
    return [each.letter_id for each in await index.all()]


def gauge() -> dict[str, float | None]:
    """Return the open letters by status, as they were last seen."""
    return {
        status.value: REGISTRY.get_sample_value("cafe_dead_letters", {"status": status})
        for status in OPEN
    }


@pytest.mark.parametrize("status", OPEN)
@in_virtual_time
async def test_an_open_letter_is_entered_once(status: Status) -> None:
    desk = Desk()
    index = LetterIndex(desk.sidecar)

    await index.note(letter(1, status))
    await index.note(letter(1, status))

    [listed] = await index.all()
    assert (listed.letter_id, listed.line.status, listed.line.topic) == (
        "letter-1",
        status,
        "lamp.Lit.v1",
    )
    assert listed.line.first_at == NOW
    assert desk.sidecar.calls["save"] == 1


@pytest.mark.parametrize("status", set(Status) - OPEN)
@in_virtual_time
async def test_a_settled_letter_is_struck_out_once(status: Status) -> None:
    desk = Desk()
    index = LetterIndex(desk.sidecar)
    await index.note(letter(1))
    await index.note(letter(2))

    await index.note(letter(1, status))
    await index.note(letter(1, status))

    assert await ids(index) == ["letter-2"]
    assert desk.sidecar.calls["save"] == 3


@in_virtual_time
async def test_another_status_of_the_same_letter_replaces_the_first() -> None:
    index = LetterIndex(Desk().sidecar)
    await index.note(letter(1, Status.RETRYING))

    await index.note(letter(1, Status.WAITING))

    assert [each.line.status for each in await index.all()] == [Status.WAITING]


@in_virtual_time
async def test_letters_are_listed_oldest_first_and_read_in_one_call() -> None:
    desk = Desk()
    index = LetterIndex(desk.sidecar)
    for number in (5, 1, 4, 2, 3):
        await index.note(letter(number, after_s=number // 2))
    desk.sidecar.calls.clear()

    assert await ids(index) == [f"letter-{number}" for number in (1, 2, 3, 4, 5)]

    assert dict(desk.sidecar.calls) == {"get_many": 1}


@in_virtual_time
async def test_of_many_replicas_none_writes_over_another() -> None:
    desk, dice = Desk(), random.Random(7)  # noqa: S311 - a seed must repeat
    desk.dapr.latency_s = lambda: dice.uniform(0, 0.01)
    replicas = [LetterIndex(replica_of(desk.sidecar)) for _ in range(3)]

    await asyncio.gather(*(replicas[n % 3].note(letter(n)) for n in range(60)))

    assert sorted(await ids(replicas[0])) == sorted(f"letter-{n}" for n in range(60))


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("error", [Conflict, Unavailable])
@in_virtual_time
async def test_a_save_whose_end_is_not_known_is_read_again(
    phase: str, error: type[Exception]
) -> None:
    desk = Desk()
    index = LetterIndex(desk.sidecar)
    desk.sidecar.hook = failing("save", phase, times=ATTEMPTS - 1, error=error)

    await index.note(letter(1))

    assert await ids(index) == ["letter-1"]


@in_virtual_time
async def test_what_cannot_be_entered_is_said() -> None:
    desk = Desk()
    desk.sidecar.hook = away("save")

    with pytest.raises(Unavailable, match=f"not settled after {ATTEMPTS} attempts"):
        await LetterIndex(desk.sidecar).note(letter(1))

    assert desk.sidecar.calls["save"] == ATTEMPTS


@in_virtual_time
async def test_a_full_bucket_takes_no_more_and_says_so() -> None:
    desk = Desk()
    index = LetterIndex(desk.sidecar)
    await index.note(letter(1))
    [key] = desk.sidecar.documents
    [line] = desk.sidecar.documents[key][0]["letters"].values()
    lines = {f"other-{n}": line for n in range(BUCKET_LIMIT - 1)} | {"letter-1": line}
    desk.sidecar.documents[key] = ({"letters": lines}, "etag")

    full = await refused(index, key)

    assert full == f"no room for more dead letters: {BUCKET_LIMIT} in one bucket"
    await index.note(letter(1, Status.RETRYING))
    await index.note(letter(1, Status.DISCARDED))
    assert len(desk.sidecar.documents[key][0]["letters"]) == BUCKET_LIMIT - 1


async def refused(index: LetterIndex, key: str) -> str:
    """Enter letters until one would go into the bucket `key`; return why it is refused."""
    for number in range(2, 50 * BUCKETS):
        try:
            await index.note(letter(number))
        except Unavailable as error:
            return str(error)
    raise AssertionError(f"nothing is ever put into {key}")


@in_virtual_time
async def test_the_gauge_follows_what_is_entered_and_struck_out() -> None:
    index = LetterIndex(Desk().sidecar)

    for number in range(20):
        await index.note(letter(number, Status.RETRYING if number < 5 else Status.WAITING))
    await index.note(letter(0, Status.HANDLED))
    await index.note(letter(7, Status.DISCARDED))

    assert gauge() == {"RETRYING": 4, "WAITING": 14}


@in_virtual_time
async def test_the_gauge_sees_at_a_look_what_other_replicas_have_done() -> None:
    desk = Desk()
    mine, theirs = LetterIndex(desk.sidecar), LetterIndex(replica_of(desk.sidecar))
    await mine.note(letter(1))
    await theirs.note(letter(2))
    await theirs.note(letter(1, Status.HANDLED))
    await theirs.note(letter(3, Status.RETRYING))

    await mine.all()

    assert gauge() == {"RETRYING": 1, "WAITING": 1}
