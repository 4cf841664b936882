"""What a service hears: its subscriptions, and the three answers a sidecar ever gets.

No answer is a 4xx: 404 would drop an event and 422 would repeat it in vain.
"""

import json

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from cafe_kit import asgi
from cafe_kit.events import Cause
from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.outcomes import Done, Drop, Duplicate, Outcome, Retry
from cafe_kit.sidecar import Rejected, Reply, Unavailable
from cafe_kit.subscriptions import Handle, Subscriptions, dead_letter_topic, handlers
from kit.tests.lamp import NOW, ManualClock
from kit.tests.lamp_events import LIT, lit
from kit.tests.lamp_service import REACTIONS, LitView, Service, lamp_app

SUCCESS, RETRY, DROP = (
    b'{"status":"SUCCESS"}',
    b'{"status":"RETRY"}',
    b'{"status":"DROP"}',
)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def app(service: Service) -> FastAPI:
    return subscribed(service)


def subscribed(service: Service, letters: Handle | None = None) -> FastAPI:
    """Return an app that hears what the table names."""
    app, handles = FastAPI(), handlers(service, REACTIONS)
    Subscriptions("lamp-svc", "lamp-pubsub", "letters", handles, letters or parked).register(app)
    return app


async def parked(_: bytes) -> Outcome:
    """Park any letter."""
    return Done()


async def deliver(app: FastAPI, body: bytes) -> Reply:
    return await asgi.call(app, "POST", "/events/lamp.Lit.v1", body=body)


async def test_the_table_is_what_the_sidecar_subscribes_to(app: FastAPI) -> None:
    reply = await asgi.call(app, "GET", "/dapr/subscribe")

    assert json.loads(reply.body) == [
        {
            "pubsubname": "lamp-pubsub",
            "topic": topic,
            "route": f"/events/{topic}",
            "metadata": {},
            "deadLetterTopic": "cafe.dead-letter.lamp-svc",
        }
        for topic in ("lamp.Lit.v1", "lamp.Dark.v1")
    ] + [
        {
            "pubsubname": "letters",
            "topic": "cafe.dead-letter.lamp-svc",
            "route": "/events/cafe.dead-letter.lamp-svc",
            "metadata": {},
        }
    ]


def test_the_dead_letter_topic_is_the_apps_own() -> None:
    assert dead_letter_topic("lamp-svc") == "cafe.dead-letter.lamp-svc"


@pytest.mark.parametrize(
    ("outcome", "body"),
    [
        (Done(), SUCCESS),
        (Duplicate(), SUCCESS),
        (Retry("away"), RETRY),
        (Drop("never"), DROP),
        (Unavailable("away"), RETRY),
        (Rejected("too large"), DROP),
        (RuntimeError("bug"), RETRY),
    ],
)
async def test_each_outcome_has_its_exact_answer(
    app: FastAPI, service: Service, outcome: Outcome | Exception, body: bytes
) -> None:
    service.outcome = outcome

    reply = await deliver(app, lit())

    assert (reply.status, reply.body) == (200, body)
    assert reply.headers["content-type"] == "application/json"


async def test_a_handler_is_given_its_view_and_the_cause(app: FastAPI, service: Service) -> None:
    await deliver(app, lit())

    [(event, cause)] = service.given
    assert event.data == LitView(lamp_id="lamp-1", presses=3)
    assert (event.subject, event.time, cause) == ("lamp-1", NOW, Cause("event-1"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"hello":"world"}',
        lit(specversion="0.3"),
        lit(type="lamp.Dark.v1"),
        lit(id=...),
        lit(id=7),
        lit(subject=...),
        lit(time="2026-05-04T03:02:01"),
        lit(data=...),
        lit(data={"lamp_id": "lamp-1"}),
        lit(data={"lamp_id": "lamp-1", "presses": "many"}),
    ],
)
async def test_what_is_no_event_of_the_topic_is_dropped_with_a_reason(
    app: FastAPI, service: Service, body: bytes
) -> None:
    with capture_logs() as lines:
        reply = await deliver(app, body)

    assert (reply.status, reply.body) == (200, DROP)
    assert service.given == []
    [line] = lines
    assert line["event"] == "event not handled"
    assert "not an event of lamp.Lit.v1" in line["outcome"]


@given(
    body=st.binary(max_size=50)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.sampled_from(list(LIT)), inner) | st.lists(inner),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode())
)
async def test_nothing_that_arrives_is_answered_otherwise(body: bytes) -> None:
    reply = await deliver(subscribed(Service()), body)

    assert reply.status == 200
    assert reply.body in {SUCCESS, RETRY, DROP}


async def test_an_event_above_the_limit_of_requests_is_handled(
    sidecar: MemorySidecar, clock: ManualClock
) -> None:
    """The sidecar has a limit of its own; a 413 here would be asked again and again."""
    app = lamp_app(sidecar, clock)
    body = lit(data={"lamp_id": "x" * 2000, "presses": 3})

    reply = await asgi.call(
        app, "POST", "/events/lamp.Lit.v1", body=body, headers={"content-length": str(len(body))}
    )

    assert (reply.status, reply.body) == (200, SUCCESS)


async def test_an_unexpected_exception_is_logged_in_full(app: FastAPI, service: Service) -> None:
    service.outcome = RuntimeError("the cause of it")

    with capture_logs(processors=[merge_contextvars]) as lines:
        await deliver(app, lit())

    [line] = [line for line in lines if line["log_level"] == "error"]
    assert (line["event"], line["topic"], line["exc_info"]) == (
        "handler failed",
        "lamp.Lit.v1",
        True,
    )
    assert (line["subject"], line["cause_id"]) == ("lamp-1", "event-1")


@pytest.mark.parametrize(
    ("outcome", "body"),
    [(Done(), SUCCESS), (Unavailable("away"), RETRY), (RuntimeError("bug"), RETRY)],
)
async def test_a_dead_letter_is_parked_or_stays_in_the_broker(
    outcome: Outcome | Exception, body: bytes
) -> None:
    app = subscribed(Service(), Service(outcome).park)

    reply = await asgi.call(app, "POST", "/events/cafe.dead-letter.lamp-svc", body=b"anything")

    assert (reply.status, reply.body) == (200, body)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Done(), []),
        (Duplicate(), []),
        (Retry("away"), ["Retry(reason='away')"]),
        (Unavailable("away"), ["Retry(reason='away')"]),
        (Drop("never"), ["Drop(reason='never')"]),
    ],
)
async def test_only_what_was_not_handled_is_told_with_its_reason(
    app: FastAPI, service: Service, outcome: Outcome | Exception, told: list[str]
) -> None:
    service.outcome = outcome

    with capture_logs() as lines:
        await deliver(app, lit())

    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [line["outcome"] for line in warnings] == told


async def test_lines_of_a_handler_name_the_subject_and_the_cause(app: FastAPI) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        await deliver(app, lit())

    assert lines == [
        {"event": "heard", "log_level": "info", "subject": "lamp-1", "cause_id": "event-1"}
    ]


async def test_events_are_counted_by_topic_and_outcome(app: FastAPI, service: Service) -> None:
    labels = {"topic": "lamp.Lit.v1", "outcome": "Drop"}
    before = REGISTRY.get_sample_value("cafe_events_received_total", labels) or 0
    service.outcome = Drop("never")

    await deliver(app, lit())

    assert REGISTRY.get_sample_value("cafe_events_received_total", labels) == before + 1
