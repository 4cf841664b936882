"""What programs use, as the cluster's metrics say."""

import re
from collections import defaultdict

from tests.k8s.cluster import Cluster

_MADE_OF = re.compile(r"^(?P<pod>\S+?)-[a-z0-9]+-[a-z0-9]{5}$")
Used = dict[str, list[tuple[int, int]]]


async def used_now(cluster: Cluster) -> Used:
    """Return millicores and MiB of each container, by workload and container."""
    used: Used = defaultdict(list)
    for line in (await cluster.run("top", "pods", "--containers", "--no-headers")).splitlines():
        pod, name, cpu, memory = line.split()
        made_of = found["pod"] if (found := _MADE_OF.match(pod)) else pod.rpartition("-")[0] or pod
        numbers = int(cpu.removesuffix("m")), int(memory.removesuffix("Mi"))
        used[f"{made_of} {name}"].append(numbers)
    return used
