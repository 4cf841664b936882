"""Pages, boards and deliveries tell by themselves what has changed, whoever has noted it."""

import asyncio
from collections.abc import AsyncGenerator, Generator

import httpx
import pytest

from tests.e2e.cafe import SLOW_MACHINE, Cafe, Person
from tests.e2e.follower import Follower, following
from tools.launch import random_stack
from tools.stack import Stack

pytestmark = pytest.mark.e2e

DOOR = {"fulfilment": {"method": "delivery", "address": "1 Teheran-ro"}}
REPLICAS = ("mypage-svc", "mypage-svc.2")
AT_ONCE_S = 3.0
"""A stream of a replica that is told to stop ends with its next tick, not with the process."""


async def bearer(person: Person) -> str:
    return await person.cafe.token(person.sub, person.roles, person.cafe_id)


async def test_customer_barista_and_rider_follow_an_order_to_the_door(
    stack: Stack, cafe: Cafe
) -> None:
    ana, ben, rio = cafe.customer(), cafe.barista(), cafe.as_("rio", "rider")
    door = stack.url("gateway")

    async with (
        following(await bearer(ana), f"{door}/my-pages/stream") as page,
        following(await bearer(ben), f"{door}/boards/gangnam/stream") as board,
        following(await bearer(rio), f"{door}/deliveries/stream") as deliveries,
    ):
        assert await page.sees("snapshot") == {"items": [], "next": None}
        await board.sees("snapshot")
        await deliveries.sees("snapshot")
        order_id = await ana.ordered(**DOOR)
        assert (await board.sees("page", order_id))["waiting_s"] >= 0
        await ben.serve(order_id, "accept", "start", "finish")
        assert (await deliveries.sees("page", order_id))["rider"] is None
        await rio.serve(order_id, "start-delivery", "confirm-delivery")
        await page.sees("page", order_id, "Delivered")
        await board.sees("gone", order_id)
        await deliveries.sees("gone", order_id)

    last = page.frames[-1][1]
    assert last == (await ana.get("mypage-svc", f"/my-pages/{order_id}")).json()
    assert {name for name, _ in page.frames} == {"snapshot", "page"}


async def test_what_changed_while_the_gateway_was_away_is_sent_to_who_comes_back(
    stack: Stack, cafe: Cafe
) -> None:
    ana, ben, door = cafe.customer(), cafe.barista(), stack.url("gateway")
    order_id = await ana.ordered()

    async with following(await bearer(ana), f"{door}/my-pages/stream") as before:
        await before.sees("snapshot")
        await ana.page_once(order_id, "Paid")
        stack.kill("gateway")
        await asyncio.wait_for(before.ended.wait(), AT_ONCE_S)
    await ben.serve(order_id, "accept", "start")
    await ana.page_once(order_id, "Making")
    stack.start("gateway")

    async with following(await bearer(ana), f"{door}/my-pages/stream", before.last_id) as after:
        await after.sees("page", order_id, "Making")
        await ben.serve(order_id, "finish")
        await after.sees("page", order_id, "Ready")
    assert {name for name, _ in after.frames} == {"page"}


@pytest.fixture(scope="module")
def twin_stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Every app twice."""
    folder = tmp_path_factory.mktemp("twins")
    with random_stack(folder, app_env=SLOW_MACHINE, replicas=2) as stack:
        yield stack


@pytest.fixture
async def twins(twin_stack: Stack) -> AsyncGenerator[Cafe]:
    async with httpx.AsyncClient(timeout=10) as http:
        yield Cafe(twin_stack.folder.running(), http)


async def steps_seen(
    ben: Person, order_id: str, steps: dict[str, str], *followers: Follower
) -> None:
    """Take steps at the cafe; each of these must see each of them."""
    for step, status in steps.items():
        await ben.serve(order_id, step)
        await asyncio.gather(*(each.sees("page", order_id, status) for each in followers))


async def test_readers_of_every_replica_see_every_change_and_lose_none_when_theirs_restarts(
    twin_stack: Stack, twins: Cafe
) -> None:
    ana, ben = twins.customer(), twins.barista()
    one, two = (f"{twin_stack.url(name)}/my-pages/stream" for name in REPLICAS)
    token = await bearer(ana)

    async with following(token, one) as first, following(token, two) as second:
        await asyncio.gather(first.sees("snapshot"), second.sees("snapshot"))
        order_id = await ana.ordered()
        await asyncio.gather(*(each.sees("page", order_id, "Paid") for each in (first, second)))
        await steps_seen(ben, order_id, {"accept": "Accepted"}, first, second)

        stopping = asyncio.create_task(asyncio.to_thread(twin_stack.stop, REPLICAS[0]))
        await asyncio.wait_for(first.ended.wait(), AT_ONCE_S)
        assert not stopping.done()
        await steps_seen(ben, order_id, {"start": "Making"}, second)
        async with following(token, two, first.last_id) as resumed:
            await resumed.sees("page", order_id, "Making")
            await steps_seen(ben, order_id, {"finish": "Ready"}, second, resumed)
        await stopping

    twin_stack.start(REPLICAS[0])
    async with following(token, one, resumed.last_id) as back:
        await steps_seen(ben, order_id, {"hand-over": "Completed"}, back)
    told = [*first.frames, *resumed.frames, *back.frames]
    assert [name for name, _ in told].count("snapshot") == 1
