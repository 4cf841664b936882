"""The gauge of open letters: brought up to date when it is read, and never at a high price."""

import re

import pytest
from structlog.testing import capture_logs

from cafe_kit.dead_letters import COUNT_S, COUNTED_FOR
from cafe_kit.outcomes import Drop
from kit.tests.desk import in_virtual_time
from kit.tests.hooks import away
from kit.tests.lamp import SOURCE
from kit.tests.lamp_events import lit
from kit.tests.lamp_service import Service
from kit.tests.letter_box import LetterBox

COUNTED_FOR_S = COUNTED_FOR.total_seconds()


async def scrape(box: LetterBox) -> float:
    """Return the number of waiting letters that `/metrics` tells."""
    reply = await box.desk.dapr.apps[SOURCE]("GET", "/metrics", b"", {})
    assert reply.status == 200
    found = re.search(rb'^cafe_dead_letters\{status="WAITING"\} (\S+)$', reply.body, re.MULTILINE)
    assert found
    return float(found[1])


@in_virtual_time
async def test_a_process_that_has_just_started_tells_what_is_in_the_store() -> None:
    box = await LetterBox(Service(Drop("no lamp glows"))).start()
    await box.receive(lit())
    await box.receive(lit(id="event-2"))
    empty = await LetterBox().start()
    assert await scrape(empty) == 0

    await box.start()

    assert await scrape(box) == 2


@in_virtual_time
async def test_the_store_is_asked_once_in_a_while_however_often_the_gauge_is_read() -> None:
    box = await LetterBox().start()

    for _ in range(3):
        await scrape(box)
    assert box.desk.sidecar.calls["get_many"] == 1

    await box.desk.elapse(COUNTED_FOR_S)
    await scrape(box)
    assert box.desk.sidecar.calls["get_many"] == 2


@pytest.mark.parametrize("slow", [False, True])
@in_virtual_time
async def test_a_store_that_does_not_answer_costs_no_metrics_only_a_line(*, slow: bool) -> None:
    box = await LetterBox().start()
    if slow:
        box.desk.latency_s = 10 * COUNT_S
    else:
        box.desk.sidecar.hook = away("get_many")

    with capture_logs() as lines:
        await scrape(box)

    assert [line["event"] for line in lines] == ["dead letters not counted"]
