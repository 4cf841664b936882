"""Documents: read, inserted once, compared and set, and nothing in between."""

import asyncio
import json

import pytest

from cafe_kit.sidecar import (
    MAX_BODY_BYTES,
    Conflict,
    Rejected,
    Sidecar,
    SidecarError,
    Stored,
    Unavailable,
    Write,
)
from kit.tests.sidecar_contract.world import World, new_key
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOST = (Conflict, Unavailable)
ODD_KEYS = ["a b", "a/b", "../up", "주문-ü-☕", "100%", "a%2Fb", "a?b=c#d", 'a"b\\c', "a+b:c", "|"]


async def put(sidecar: Sidecar, key: str, value: object, etag: str | None = None) -> Stored:
    """Save a value and return it as stored."""
    await sidecar.save(Write(key, json.dumps(value).encode(), etag))
    return await read(sidecar, key)


async def read(sidecar: Sidecar, key: str) -> Stored:
    """Return a document that must be there."""
    stored = await sidecar.get(key)
    assert stored is not None
    return stored


async def value_of(sidecar: Sidecar, key: str) -> object:
    """Return the value of a document that must be there."""
    return json.loads((await read(sidecar, key)).value)


async def test_a_missing_document_reads_as_none(world: World) -> None:
    assert await world.sidecar.get(new_key()) is None


async def test_a_saved_document_reads_back_with_a_tag(world: World) -> None:
    stored = await put(world.sidecar, new_key(), {"a": 1})

    assert json.loads(stored.value) == {"a": 1}
    assert stored.etag


async def test_many_documents_are_read_in_one_call_and_missing_ones_left_out(world: World) -> None:
    present = {new_key(): number for number in range(25)}
    for key, number in present.items():
        await put(world.sidecar, key, {"number": number})

    found = await world.sidecar.get_many([*present, new_key(), new_key()])

    assert {key: json.loads(stored.value)["number"] for key, stored in found.items()} == present
    one = next(iter(present))
    assert found[one].etag == (await read(world.sidecar, one)).etag


async def test_no_keys_are_no_documents(world: World) -> None:
    assert await world.sidecar.get_many([]) == {}


async def test_of_twenty_inserts_at_once_exactly_one_wins(world: World) -> None:
    key = new_key()

    results = await asyncio.gather(
        *(world.sidecar.save(Write(key, b'{"by":%d}' % number, None)) for number in range(20)),
        return_exceptions=True,
    )

    [winner] = [number for number, result in enumerate(results) if result is None]
    assert all(isinstance(result, LOST) for result in results if result is not None)
    assert await value_of(world.sidecar, key) == {"by": winner}


async def test_an_insert_of_what_is_there_is_a_conflict_to_some_stores_and_an_error_to_others(
    world: World,
) -> None:
    key = new_key()
    stored = await put(world.sidecar, key, 1)

    with pytest.raises(Unavailable if world.store else Conflict):
        await put(world.sidecar, key, 2)

    assert await read(world.sidecar, key) == stored


async def test_a_save_with_the_newest_tag_replaces_the_document_and_its_tag(world: World) -> None:
    key = new_key()
    first = await put(world.sidecar, key, {"a": 1})

    second = await put(world.sidecar, key, {"a": 2}, first.etag)

    assert json.loads(second.value) == {"a": 2}
    assert second.etag != first.etag


async def test_a_save_with_a_stale_tag_loses_and_changes_nothing(world: World) -> None:
    key = new_key()
    first = await put(world.sidecar, key, {"a": 1})
    second = await put(world.sidecar, key, {"a": 2}, first.etag)

    with pytest.raises(LOST):
        await world.sidecar.save(Write(key, b'{"a":3}', first.etag))

    assert await read(world.sidecar, key) == second


async def test_of_twenty_updates_with_one_tag_exactly_one_wins(world: World) -> None:
    key = new_key()
    first = await put(world.sidecar, key, {"a": 1})

    results = await asyncio.gather(
        *(world.sidecar.save(Write(key, b"%d" % number, first.etag)) for number in range(20)),
        return_exceptions=True,
    )

    assert [result is None for result in results].count(True) == 1
    assert await value_of(world.sidecar, key) == results.index(None)


async def test_a_save_with_the_tag_of_a_document_that_is_not_there_loses_except_on_redis(
    world: World,
) -> None:
    """Redis creates it. Nobody meets that: documents are never deleted, the port cannot."""
    key, known = new_key(), await put(world.sidecar, new_key(), 1)

    if world.on_redis:
        assert await put(world.sidecar, key, 2, known.etag)
    else:
        with pytest.raises(Conflict):
            await world.sidecar.save(Write(key, b"2", known.etag))
        assert await world.sidecar.get(key) is None


async def test_many_documents_are_saved_in_one_call(world: World) -> None:
    old, new = new_key(), new_key()
    stored = await put(world.sidecar, old, 1)

    await world.sidecar.save_many([Write(old, b"2", stored.etag), Write(new, b"3", None)])

    assert await value_of(world.sidecar, old) == 2
    assert await value_of(world.sidecar, new) == 3


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_conflict_among_many_raises_and_leaves_the_others_saved(
    world: World, place: int
) -> None:
    taken = new_key()
    await put(world.sidecar, taken, "old")
    writes = [Write(new_key(), b'"new"', None) for _ in range(2)]

    with pytest.raises(LOST):
        await world.sidecar.save_many(
            [*writes[:place], Write(taken, b'"x"', None), *writes[place:]]
        )

    assert await value_of(world.sidecar, taken) == "old"
    assert [await value_of(world.sidecar, write.key) for write in writes] == ["new", "new"]


async def test_a_save_whose_answer_never_came_may_have_happened(world: World) -> None:
    key = new_key()

    with pytest.raises(Unavailable):
        await world.mute.save(Write(key, b'{"a":1}', None))

    stored = await wait_until(lambda: world.sidecar.get(key), what="the save")
    assert stored is not None
    assert json.loads(stored.value) == {"a": 1}


@pytest.mark.parametrize("odd", ODD_KEYS)
async def test_odd_characters_in_a_key_are_part_of_the_key(world: World, odd: str) -> None:
    key = f"{new_key()}{odd}"

    stored = await put(world.sidecar, key, odd)

    assert json.loads(stored.value) == odd
    assert await world.sidecar.get_many([key]) == {key: stored}


@pytest.mark.parametrize("bad", ["a||b", ""])
async def test_a_key_that_no_store_takes_is_rejected(world: World, bad: str) -> None:
    with pytest.raises(Rejected):
        await world.sidecar.save(Write(bad, b"1", None))
    with pytest.raises(Rejected):
        await world.sidecar.get(bad)


async def test_nested_values_and_texts_survive(world: World) -> None:
    key, text = (
        new_key(),
        r"""{"list":[{"deep":[[]]},null,true,""],"ü☕<&>\"\\\n\u2028":{},"0":"" }""",
    )

    await world.sidecar.save(Write(key, text.encode(), None))

    assert await value_of(world.sidecar, key) == json.loads(text)


async def test_numbers_survive_as_far_as_a_double_and_six_decimals_hold_them(world: World) -> None:
    exact = [9000, -1, 2**53, 10.10, 1.0, 0.000001]
    too_large = [2**53 + 1, 12345678901234567890]

    stored = await put(world.sidecar, new_key(), exact + too_large)

    found = json.loads(stored.value)
    assert found[: len(exact)] == exact
    assert found[len(exact)] == 2**53
    assert float(found[-1]) == float(too_large[-1])


async def test_a_fraction_finer_than_six_decimals_is_rounded_on_redis_only(world: World) -> None:
    stored = await put(world.sidecar, new_key(), [1e-7])

    assert json.loads(stored.value) == ([0] if world.on_redis else [1e-7])


async def test_a_document_just_below_the_limit_is_stored(world: World) -> None:
    value = "x" * (MAX_BODY_BYTES - 200)

    assert json.loads((await put(world.sidecar, new_key(), value)).value) == value


async def test_a_document_above_the_limit_is_rejected_and_not_stored(world: World) -> None:
    key = new_key()

    with pytest.raises(Rejected):
        await world.sidecar.save(Write(key, b'"%s"' % (b"x" * MAX_BODY_BYTES), None))

    assert await world.sidecar.get(key) is None


async def test_a_failed_save_is_an_error_of_the_port(world: World) -> None:
    """Whatever a caller catches for all verbs alike, it is one class."""
    with pytest.raises(SidecarError):
        await world.gone.save(Write(new_key(), b"1", None))
