"""The pages are built anew while people order and look: nobody notices; what differs is found."""

import asyncio
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any, cast
from urllib.parse import quote

import pytest
import valkey

from tests.e2e.cafe import Cafe, Person
from tests.e2e.conftest import STORE
from tests.e2e.crowd import crowd
from tests.e2e.test_commands import run
from tests.e2e.test_reconcile import problems
from tools import rebuild_plan
from tools.figures import ALL_ARE_LET_IN
from tools.launch import ROOT, RUN_FILE, random_stack
from tools.rebuild import rebuild
from tools.rebuild_plan import APP_ID, GUEST, Plan, ReadSide
from tools.rebuild_runner import ReadSides
from tools.stack import Stack
from tools.terminal import StackError
from tools.topology import app_ids

pytestmark = pytest.mark.e2e
# A machine that is busy with a rebuild turns nobody away here: that is told elsewhere.
SETTINGS = {**ALL_ARE_LET_IN, "CALLER_BURST": "5000"}
SERVED = ("accept", "start", "finish", "hand-over")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """One of its own: to rebuild disturbs whoever counts something."""
    env = dict.fromkeys(app_ids(RUN_FILE), SETTINGS)
    with random_stack(tmp_path_factory.mktemp("rebuild"), app_env=env, store=STORE) as stack:
        yield stack


@contextmanager
def runner(stack: Stack) -> Generator[None]:
    """Look after the stack as `make up` does."""
    over, sides = threading.Event(), ReadSides(stack)

    def look() -> None:
        while not over.wait(0.2):
            stack.tick()
            sides.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def test_the_pages_are_built_anew_twice_and_no_customer_notices(
    cafe: Cafe, stack: Stack
) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    done = [await ordered_and_served(ana, ben) for _ in range(3)]
    before = [await page(ana, order_id) for order_id in done]

    with runner(stack):
        async with crowd(cafe, stack, ana, done) as answers:
            await asyncio.to_thread(rebuild, stack.folder)
            after_one = [await page(ana, order_id) for order_id in done]
            await asyncio.to_thread(rebuild, stack.folder)

    assert answers.keys() == {"old 200", "order 201", "cancel 202"}
    assert answers["old 200"] > 100
    assert answers["cancel 202"] > 10
    assert after_one == before
    assert [await page(ana, order_id) for order_id in done] == before
    assert rebuild_plan.read(stack.folder.path) == Plan(generation_of(stack))
    assert groups(stack) == {ReadSide(generation_of(stack)).group}
    assert GUEST not in stack.folder.running()["services"]
    if STORE == "sqlite":
        assert delete_as_the_runbook_says(stack, "1") > len(done)
        assert [await page(ana, order_id) for order_id in done] == before


async def test_a_page_that_was_changed_behind_its_back_is_found(cafe: Cafe, stack: Stack) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ordered_and_served(ana, ben)

    async with changed(cafe, stack, order_id, at_cafe="MAKING"):
        done = await asyncio.to_thread(drift, stack)

    assert (done.returncode, done.stderr) == (1, "")
    assert problems(done) == {(order_id, "cafe order differs"), (order_id, "not told")}
    assert "page MAKING (version 5), owner PICKED_UP (version 5)" in done.stdout
    assert (await asyncio.to_thread(drift, stack)).returncode == 0


async def test_new_pages_that_are_not_right_are_not_shown(cafe: Cafe, stack: Stack) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ordered_and_served(ana, ben)
    before, served, known = await page(ana, order_id), generation_of(stack), groups(stack)

    with (
        swallowed(stack, "cafe.OrderPickedUp.v1", order_id),
        runner(stack),
        pytest.raises(StackError, match="The new pages are not right: 1 finding "),
    ):
        await asyncio.to_thread(rebuild, stack.folder)

    assert await page(ana, order_id) == before
    assert (generation_of(stack), groups(stack)) == (served, known)
    assert GUEST not in stack.folder.running()["services"]


async def test_pages_that_a_dead_letter_may_have_passed_by_are_not_shown(
    cafe: Cafe, stack: Stack
) -> None:
    await ordered_and_served(cafe.customer(), cafe.barista())
    served = generation_of(stack)

    def say_one(told: str) -> None:
        if told.startswith("Generation"):
            with closing(valkey.Valkey(port=stack.topology.ports["valkey"])) as client:
                [[_, fields]] = cast("Any", client.xrange("cafe.OrderPlaced.v1", count=1))
                client.xadd("cafe.dead-letter.mypage-svc", fields)

    with runner(stack), pytest.raises(StackError, match="an event became a dead letter"):
        await asyncio.to_thread(rebuild, stack.folder, tell=say_one)

    assert generation_of(stack) == served


async def test_who_is_not_ready_in_time_is_sent_away(cafe: Cafe, stack: Stack) -> None:
    ana = cafe.customer()
    order_id = await ana.ordered()
    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    served, known = generation_of(stack), groups(stack)

    with runner(stack), pytest.raises(StackError, match=r"Waited 1 s for the past to be read"):
        await asyncio.to_thread(rebuild, stack.folder, 1.0)

    assert (generation_of(stack), groups(stack)) == (served, known)
    assert GUEST not in stack.folder.running()["services"]
    await ana.cancel(order_id)
    await ana.page_once(order_id, "Cancelled")


async def ordered_and_served(customer: Person, barista: Person) -> str:
    order_id = await customer.ordered()
    await customer.page_once(order_id, "Paid", last_event="OrderQueued")
    await barista.serve(order_id, *SERVED)
    await customer.page_once(order_id, "Completed")
    return order_id


async def page(customer: Person, order_id: str) -> Json:
    answer = await customer.get(APP_ID, f"/my-pages/{order_id}")
    return answer.raise_for_status().json()


def generation_of(stack: Stack) -> str:
    return rebuild_plan.read(stack.folder.path).serving


def groups(stack: Stack) -> set[str]:
    """Return the consumer groups of mypage-svc, the one of its dead letters left out."""
    with closing(valkey.Valkey(port=stack.topology.ports["valkey"])) as client:
        found = cast("list[Json]", client.xinfo_groups("cafe.OrderPlaced.v1"))
    return {name for each in found if (name := each["name"].decode()).startswith(APP_ID)}


@contextmanager
def swallowed(stack: Stack, topic: str, order_id: str) -> Generator[None]:
    """Delete an event from the memory of the broker; in the end it is said again."""
    with closing(valkey.Valkey(port=stack.topology.ports["valkey"])) as client:
        entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", client.xrange(topic))
        [found] = [each for each in entries if order_id.encode() in each[1][b"data"]]
        assert client.xdel(topic, found[0]) == 1
        try:
            yield
        finally:
            client.xadd(topic, cast("Any", found[1]))


def drift(stack: Stack) -> subprocess.CompletedProcess[str]:
    folder = stack.folder.path
    return run(sys.executable, "-m", "tools.drift", "--run-dir", str(folder), run_dir=folder)


@asynccontextmanager
async def changed(cafe: Cafe, stack: Stack, order_id: str, *, at_cafe: str) -> AsyncGenerator[None]:
    """Write another state into a page's document, take its last event away, and put both back."""
    key = f"{generation_of(stack)}:page:{order_id}"
    sidecar = f"http://127.0.0.1:{stack.topology.ports[f'{APP_ID}.http']}/v1.0/state/mypage-store"
    headers = stack.topology.tokens.headers(APP_ID)

    async def save(row: Json) -> None:
        found = await cafe.http.get(f"{sidecar}/{quote(key)}", headers=headers)
        options = {"etag": found.headers["etag"], "options": {"concurrency": "first-write"}}
        wish = [{"key": key, "value": row, **options}]
        (await cafe.http.post(sidecar, json=wish, headers=headers)).raise_for_status()

    before = (await cafe.http.get(f"{sidecar}/{quote(key)}", headers=headers)).json()
    part = {**before["cafe_order"], "status": at_cafe}
    await save({**before, "cafe_order": part, "timeline": before["timeline"][:-1]})
    try:
        yield
    finally:
        await save(before)


def delete_as_the_runbook_says(stack: Stack, generation: str) -> int:
    """Delete the documents of a generation; return how many there were."""
    text = (ROOT / "docs" / "runbooks" / "rebuild-pages.md").read_text()
    [statement] = re.findall(r'mypage-svc.db "(DELETE .*)"`', text)
    wanted = statement.replace("\\|", "|").replace("||1:", f"||{generation}:")
    with closing(sqlite3.connect(stack.folder.path / "mypage-svc.db", timeout=30)) as store:
        deleted = store.execute(wanted).rowcount
        store.commit()
    return deleted
