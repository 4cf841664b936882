"""What the installation costs when nobody orders."""

import re
from collections import defaultdict
from itertools import chain
from statistics import mean

import pytest

from tests.k8s.cluster import SERVICES, SIDECAR, Cluster, container, eventually
from tests.k8s.conftest import Told

pytestmark = pytest.mark.k8s
FEATURE = "Idle"
_MADE_OF = re.compile(r"^(?P<pod>\S+?)-[a-z0-9]+-[a-z0-9]{5}$")
Used = dict[str, list[tuple[int, int]]]


async def test_an_idle_service_stays_far_below_what_it_asks_for(
    cluster: Cluster, told: Told
) -> None:
    """`kubectl top pods --containers` once nobody has ordered for a metrics interval."""
    target = container(await cluster.get("deploy", "order-svc"))["resources"]["requests"]["cpu"]
    requested_m = int(target.removesuffix("m"))

    used = await eventually(
        lambda: _used(cluster),
        lambda used: mean(cpu for cpu, _ in used["order-svc app"]) < requested_m / 2,
        what="order-svc idle",
        timeout_s=120,
        every_s=5,
    )

    for name in (f"{service} {part}" for service in SERVICES for part in ("app", SIDECAR)):
        cpu, memory = (mean(values) for values in zip(*used[name], strict=True))
        told.add(f"{name} {cpu:.0f}m {memory:.0f} MiB")
    total = [sum(values) for values in zip(*chain(*used.values()), strict=True)]
    told.add(f"everything {total[0]}m {total[1]} MiB")
    assert len(used) >= 2 * len(SERVICES)


async def _used(cluster: Cluster) -> Used:
    """Return millicores and MiB of each container, by workload and container."""
    used: Used = defaultdict(list)
    for line in (await cluster.run("top", "pods", "--containers", "--no-headers")).splitlines():
        pod, name, cpu, memory = line.split()
        made_of = found["pod"] if (found := _MADE_OF.match(pod)) else pod.rpartition("-")[0] or pod
        numbers = int(cpu.removesuffix("m")), int(memory.removesuffix("Mi"))
        used[f"{made_of} {name}"].append(numbers)
    return used
