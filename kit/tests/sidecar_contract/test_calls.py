"""Service invocation, deadlines, and what every verb says when the sidecar is no help."""

import time
from collections.abc import Awaitable, Callable

import pytest

from cafe_kit.sidecar import MAX_BODY_BYTES, Rejected, Reply, Sidecar, Unavailable, Write
from cafe_kit.tracing import span
from kit.tests.sidecar_contract.recording_app import APP_ID, TOPIC, Request, hang
from kit.tests.sidecar_contract.world import SHORT_DEADLINE_S, World, new_event, new_key

pytestmark = pytest.mark.asyncio(loop_scope="session")

VERBS: dict[str, Callable[[Sidecar], Awaitable[object]]] = {
    "get": lambda sidecar: sidecar.get("k"),
    "get_many": lambda sidecar: sidecar.get_many(["k"]),
    "save": lambda sidecar: sidecar.save(Write(new_key(), b"1", None)),
    "save_many": lambda sidecar: sidecar.save_many([Write(new_key(), b"1", None)]),
    "publish": lambda sidecar: sidecar.publish(TOPIC, new_event()[1]),
    "invoke": lambda sidecar: sidecar.invoke(APP_ID, "/verbs"),
    "schedule": lambda sidecar: sidecar.schedule(new_key(), due_s=3600.0, data=b"{}"),
    "unschedule": lambda sidecar: sidecar.unschedule(new_key()),
    "metadata": lambda sidecar: sidecar.metadata(),
    "breakers": lambda sidecar: sidecar.breakers(),
}


def answering(
    status: int, body: bytes = b"", **headers: str
) -> Callable[[Request], Awaitable[Reply]]:
    """Return an answer; `_` in a header's name stands for `-`."""

    async def answer(_: Request) -> Reply:
        return Reply(
            status, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    return answer


async def test_an_invoked_app_is_asked_what_the_caller_asked(world: World) -> None:
    world.app.answer = answering(201, b'{"id":7}', x_kind="thing", content_type="application/json")
    target = "/things/a-b?q=c%20d&x=%26"

    reply = await world.sidecar.invoke(
        APP_ID,
        target,
        method="PUT",
        body=b'{"size": 1.50}',
        headers={"idempotency-key": "k-1", "authorization": "Bearer secret"},
    )

    [request] = world.app.asked(target)
    assert (request.method, request.body) == ("PUT", b'{"size": 1.50}')
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "k-1"
    assert request.headers["authorization"] == "Bearer secret"
    assert (reply.status, reply.body) == (201, b'{"id":7}')
    assert (reply.headers["x-kind"], reply.headers["content-type"]) == ("thing", "application/json")


async def test_a_plain_get_carries_no_body(world: World) -> None:
    await world.sidecar.invoke(APP_ID, "/things")

    [request] = world.app.asked("/things")
    assert (request.method, request.body) == ("GET", b"")
    assert "content-type" not in request.headers


@pytest.mark.parametrize("status", [301, 404, 409, 422, 500, 503])
async def test_any_status_of_the_app_is_a_reply(world: World, status: int) -> None:
    world.app.answer = answering(status, b'{"detail":"no"}', location="/elsewhere")

    reply = await world.sidecar.invoke(APP_ID, "/things")

    assert (reply.status, reply.body) == (status, b'{"detail":"no"}')
    assert reply.headers["location"] == "/elsewhere"
    assert len(world.app.asked("/things")) == 1


async def test_an_unknown_app_is_unavailable(world: World) -> None:
    with pytest.raises(Unavailable):
        await world.sidecar.invoke("nobody", "/things")


async def test_an_app_that_is_down_is_unavailable_until_it_is_back(world: World) -> None:
    async with world.app_away():
        with pytest.raises(Unavailable):
            await world.sidecar.invoke(APP_ID, "/things")

    assert (await world.sidecar.invoke(APP_ID, "/things")).status == 200


async def test_an_app_that_hangs_is_unavailable_at_the_deadline(world: World) -> None:
    world.app.answer = hang
    began_s = time.monotonic()

    with pytest.raises(Unavailable):
        await world.impatient.invoke(APP_ID, "/things")

    assert time.monotonic() - began_s == pytest.approx(SHORT_DEADLINE_S, abs=0.2)
    assert world.app.asked("/things")


async def test_a_request_above_the_limit_is_rejected_and_not_sent(world: World) -> None:
    body = b"x" * (MAX_BODY_BYTES + 1)

    with pytest.raises(Rejected):
        await world.sidecar.invoke(APP_ID, "/things", method="POST", body=body)

    assert world.app.asked("/things") == []


async def test_the_trace_of_the_caller_reaches_the_app(world: World) -> None:
    with span("calling", {}) as ids:
        await world.sidecar.invoke(APP_ID, "/things")

    [request] = world.app.asked("/things")
    assert ids["trace_id"] in request.headers["traceparent"]


@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_is_unavailable_without_a_sidecar(world: World, verb: str) -> None:
    with pytest.raises(Unavailable):
        await VERBS[verb](world.gone)


@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_is_unavailable_when_no_answer_comes_in_time(
    world: World, verb: str
) -> None:
    began_s = time.monotonic()

    with pytest.raises(Unavailable):
        await VERBS[verb](world.mute)

    assert time.monotonic() - began_s < SHORT_DEADLINE_S + 0.5


async def test_closing_twice_is_fine(world: World) -> None:
    await world.gone.close()
    await world.gone.close()
