"""How much load this cluster is put under: shares of what it was seen to carry."""

import uuid
from typing import Final

import pytest

from tests.k8s.cluster import Cluster
from tests.k8s.first_order import Door
from tests.k8s.load_pod import Plan, play

USERS: Final = 100
MEASURED_S: Final = 12.0
MEASURED_BY: Final = 4
"""Users without a pause: more of them only wait for each other."""

SHARE: Final = 0.25
"""Of each of two loads at a time: half of what is carried is left for programs that start."""


class Carried(float):
    """Orders a second that were acknowledged when nobody did anything else."""

    def siege(self, share: float) -> Plan:
        """Return 100 users at edge who pause so long that together they ask for this share."""
        return Plan(users=USERS, think_s=USERS / (share * self))

    def steady(self, share: float, door: Door) -> Plan:
        """Return customers who come at this rate, whatever became of those before."""
        return Plan(door.url, door.host, USERS, rate_per_s=share * self)

    def told(self, *plans: Plan) -> str:
        """Say what the loads are, beside what is carried."""
        where = {plan: "the gateway" if plan.host else "edge" for plan in plans}
        loads = " and ".join(f"{plan} through {where[plan]}" for plan in plans)
        return f"{loads}; this cluster carries {self:.1f} orders/s"


async def measured(cluster: Cluster) -> Carried:
    """See what is carried now."""
    plan = Plan(users=MEASURED_BY, seconds=MEASURED_S, run=f"carried-{uuid.uuid4().hex[:6]}")
    heard = await play(cluster, plan)
    if heard.failed:
        pytest.fail(f"orders failed with nothing going on: {heard.figure()}")
    return Carried(heard.ok / heard.lasted_s)
