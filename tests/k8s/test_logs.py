"""One order, as the logs of all services tell of it."""

import json
import uuid
from typing import Any

import pytest

from tests.k8s.cluster import SERVICES, Cluster, eventually
from tests.k8s.conftest import Told
from tests.k8s.first_order import Door, americano
from tests.k8s.load_pod import token

pytestmark = pytest.mark.k8s
FEATURE = "Tracing, logs"
QUERY = ("logs", "-l", "cafe.dev/tier=service", "-c", "app", "--since=120s", "--tail=-1")
Line = dict[str, Any]


async def test_one_query_by_order_id_shows_one_trace_through_all_services(
    cluster: Cluster, told: Told
) -> None:
    """An order is placed and accepted; `kubectl logs -l cafe.dev/tier=service | grep ORDER_ID`."""
    bearer = await token(cluster, f"ana-{uuid.uuid4().hex[:6]}", "customer")
    placed = await Door().until(cluster, "POST", "/orders", bearer, body=americano("hongdae"))
    order_id = placed.json["order_id"]

    async def lines() -> list[Line]:
        text = await cluster.run(*QUERY, "--max-log-requests=20")
        return [json.loads(line) for line in text.splitlines() if order_id in line]

    found = await eventually(
        lines,
        lambda found: {line["service"] for line in found} == set(SERVICES),
        what="lines of all services about one order",
        timeout_s=60,
        every_s=1,
    )

    traces = {line["trace_id"] for line in found}
    told.add(f"{len(found)} lines of {len(SERVICES)} services, {len(traces)} trace id")
    assert len(traces) == 1
