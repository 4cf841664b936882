"""Processes come in any order and go in the middle of work, and nobody is failed by it."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import product

import httpx
import pytest

from tests.e2e.cafe import PATIENCE_S, Cafe, Person
from tests.waiting import wait_until
from tools.launch import RUN_FILE
from tools.stack import Stack
from tools.topology import app_ids

pytestmark = pytest.mark.e2e
SERVICES = app_ids(RUN_FILE)
ORDERS_PER_S = 10
BALANCER_LOOKS_EVERY_S = 0.2
STARTS = 3
READY_WITHIN_S = 3.0
Placed = list[tuple[Person, asyncio.Task[httpx.Response]]]


async def test_apps_come_first_their_sidecars_next_and_the_broker_last(
    cafe: Cafe, stack: Stack
) -> None:
    sidecars = [f"{name}.daprd" for name in SERVICES]
    stack.kill(*SERVICES, *sidecars, "valkey")

    for name in SERVICES:
        stack.processes[name].start()
    for name in SERVICES:
        await readiness_once(cafe, name, HTTPStatus.SERVICE_UNAVAILABLE)
        assert (await cafe.http.get(cafe.url(name, "/livez"))).status_code == HTTPStatus.OK
    for name in sidecars:
        stack.processes[name].start()
    for name in sidecars:
        await ended(stack, name)
        assert stack.processes[name].exit_text == "exit code 1"
    await asyncio.to_thread(stack.start, "valkey")
    await asyncio.to_thread(stack.start, *sidecars, *SERVICES)

    await paid(cafe.customer())


async def test_sidecars_come_first_and_their_apps_become_ready_all_the_same(
    cafe: Cafe, stack: Stack
) -> None:
    sidecars = [f"{name}.daprd" for name in SERVICES]
    stack.kill(*SERVICES, *sidecars)

    for name in sidecars:
        stack.processes[name].start()
    for name in SERVICES:
        url = f"http://127.0.0.1:{stack.topology.ports[f'{name}.http']}/v1.0/healthz/outbound"
        await answer_once(cafe, url, HTTPStatus.NO_CONTENT)
    await asyncio.to_thread(stack.start, *SERVICES)

    await paid(cafe.customer())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_restart_under_load_fails_no_request_and_loses_no_order(
    cafe: Cafe, stack: Stack, service: str
) -> None:
    await paid(cafe.customer())
    async with load(cafe) as placed:
        await wait_until(lambda: len(placed), lambda n: n >= ORDERS_PER_S, what="some orders")

        await asyncio.to_thread(stack.restart, service, f"{service}.daprd")

        before = len(placed)
        await wait_until(lambda: len(placed) - before, lambda n: n >= ORDERS_PER_S, what="more")

    answers = [(ana, await answer) for ana, answer in placed]
    assert {answer.status_code for _, answer in answers} == {HTTPStatus.CREATED}
    for ana, answer in answers:
        await ana.page_once(answer.json()["order_id"], "Paid", last_event="OrderQueued")


async def test_a_request_under_way_when_app_and_sidecar_are_stopped_is_saved_said_and_answered(
    cafe: Cafe, stack: Stack
) -> None:
    ana, order_svc = cafe.customer(), stack.processes["order-svc"]
    await paid(ana)
    placed_before = order_svc.log.read_text().count('"PlaceOrder"')
    stack.freeze("valkey")
    placing = asyncio.create_task(ana.place())
    await wait_until(
        lambda: order_svc.log.read_text().count('"PlaceOrder"'),
        lambda n: n > placed_before,
        what="an order that is saved and cannot be said",
    )

    stopping = asyncio.create_task(asyncio.to_thread(stack.stop, "order-svc", "order-svc.daprd"))
    await readiness_once(cafe, "order-svc", HTTPStatus.SERVICE_UNAVAILABLE)
    stack.thaw("valkey")
    answer = await placing
    await stopping

    assert answer.status_code == HTTPStatus.CREATED
    assert order_svc.exit_text == "exit code 0"
    assert stack.processes["order-svc.daprd"].exit_text == "exit code 0"
    await ana.page_once(answer.json()["order_id"], "Paid", last_event="OrderQueued")


async def test_an_app_whose_sidecar_is_silent_answers_and_stops_in_order(
    cafe: Cafe, stack: Stack
) -> None:
    ana, order_svc = cafe.customer(), stack.processes["order-svc"]
    order_id = await ana.ordered()
    stack.freeze("order-svc.daprd")
    asking = asyncio.create_task(ana.get("order-svc", f"/orders/{order_id}"))

    await asyncio.to_thread(stack.stop, "order-svc")

    answer = await asking
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert order_svc.exit_text == "exit code 0"


def test_a_service_and_its_sidecar_are_ready_within_three_seconds(stack: Stack) -> None:
    took_s: dict[str, list[float]] = {name: [] for name in SERVICES}

    for _, name in product(range(STARTS), SERVICES):
        stack.kill(name, f"{name}.daprd")
        began_s = time.monotonic()
        stack.start(name, f"{name}.daprd")
        took_s[name].append(time.monotonic() - began_s)

    for name, times in took_s.items():
        shown = " / ".join(f"{f(times):.2f}" for f in (min, statistics.median, max))
        sys.stdout.write(f"{name}: ready after {shown} s (min / median / max of {STARTS})\n")
    # The best of a few, and where others keep the machine busy, we get our share of it only.
    share = min(1.0, (os.cpu_count() or 1) / max(os.getloadavg()[0], 0.1))
    assert max(min(times) for times in took_s.values()) * share < READY_WITHIN_S


@asynccontextmanager
async def load(cafe: Cafe) -> AsyncGenerator[Placed]:
    """Place orders at a fixed rate, each by somebody new, through a load balancer.

    It looks at `/readyz` now and then and sends nothing from a 503 to the next 200.
    """
    placed: Placed = []
    over = asyncio.Event()

    async def balance() -> None:
        while not over.is_set():
            ready = (await answer_of(cafe, cafe.url("order-svc", "/readyz"))) == HTTPStatus.OK
            look_at = time.monotonic() + BALANCER_LOOKS_EVERY_S
            while time.monotonic() < look_at:
                if ready:
                    ana = cafe.customer()
                    placed.append((ana, asyncio.create_task(ana.place())))
                await asyncio.sleep(1 / ORDERS_PER_S)

    balancing = asyncio.create_task(balance())
    try:
        yield placed
    finally:
        over.set()
        await balancing


async def paid(ana: Person) -> None:
    """Order, and see that it is paid for and known at the cafe."""
    await ana.page_once(await ana.ordered(), "Paid", last_event="OrderQueued")


async def ended(stack: Stack, name: str) -> None:
    """Wait until a process has ended by itself, and do not call that a surprise."""
    process = stack.processes[name]
    await wait_until(
        lambda: process.alive,
        lambda alive: not alive,
        what=f"end of {name}",
        timeout_s=PATIENCE_S,
    )
    process.wanted = False


async def readiness_once(cafe: Cafe, service: str, status: HTTPStatus) -> None:
    """Wait until `/readyz` has this status."""
    await answer_once(cafe, cafe.url(service, "/readyz"), status)


async def answer_once(cafe: Cafe, url: str, status: HTTPStatus) -> None:
    """Wait until a GET is answered so."""
    await wait_until(
        lambda: answer_of(cafe, url),
        lambda told: told == status,
        what=f"{status} of {url}",
        timeout_s=PATIENCE_S,
    )


async def answer_of(cafe: Cafe, url: str) -> int:
    """Return the status of a GET, 0 while nobody listens."""
    try:
        return (await cafe.http.get(url)).status_code
    except httpx.TransportError:
        return 0
