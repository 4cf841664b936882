"""The load pod: people who order from inside the cluster, and single requests from there."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.chaos.oracle import CREATED, NO_ANSWER, Said
from tests.k8s.cluster import Cluster, KubectlError, eventually
from tests.siege.report import percentile_s

HERE: Final = Path(__file__).parent
POD: Final = "pod/load"
IDENTITY: Final = "http://identity-provider:9012"
EDGE: Final = "http://edge"
QUOTED: Final = 160
GRACE_S: Final = 60.0
"""Longer than the last order takes, and exec on a busy machine."""
ACKNOWLEDGED: Final = (200, 201, 202)
WITHIN_S: Final = 420.0
"""Longer than a new installation takes to its first answer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who orders: `users` with `think_s` seconds between, or somebody `rate_per_s` times a second.

    `host` is the name that the gateway is asked for; `seconds` is the longest it may last; baristas
    hand over what was ordered if it is `served`, else it stays queued.
    """

    url: str = EDGE
    host: str = ""
    users: int = 8
    think_s: float = 0.0
    rate_per_s: float = 0.0
    seconds: float = 600.0
    served: bool = False
    identity: str = IDENTITY
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __str__(self) -> str:
        """Say it as the page does."""
        if self.rate_per_s:
            served = ", made and handed over" if self.served else ""
            return f"open model {self.rate_per_s:.1f} orders/s{served}"
        return f"{self.users} users, each thinks {self.think_s:.1f} s"


@dataclass(slots=True)
class Heard:
    """All answers of one load, in the sequence they came."""

    plan: Plan
    said: list[Said] = field(default_factory=list[Said])

    @property
    def ok(self) -> int:
        """How many orders were acknowledged."""
        return sum(each.status == CREATED for each in self.said)

    @property
    def failed(self) -> Counter[str]:
        """How many were not, by status, or by what became of the connection."""
        return Counter(
            each.told.partition(":")[0] if each.status == NO_ANSWER else str(each.status)
            for each in self.said
            if each.status != CREATED
        )

    @property
    def lasted_s(self) -> float:
        """The seconds from the first request to the last."""
        times = [each.at for each in self.said]
        return max(times) - min(times) if times else 0.0

    def figure(self) -> str:
        """Say how many were sent, the availability, the failures and how long answers took."""
        sent, failed = len(self.said), self.failed
        share = f"{100 * self.ok / sent:.2f} %" if sent else "nothing sent"
        told = ", ".join(f"{n} x {why}" for why, n in failed.most_common()) or "0"
        times = "/".join(f"{percentile_s(self.said, p) * 1000:.0f}" for p in (0.5, 0.95, 0.99))
        return f"{sent} orders, {share}, failed: {told}{self._such_as()}; p50/95/99 {times} ms"

    def _such_as(self) -> str:
        """Quote one answer that was no acknowledgement."""
        told = next((each.told for each in self.said if each.status != CREATED), "")
        return f" such as {told[:QUOTED]}" if told else ""


async def play(cluster: Cluster, plan: Plan) -> Heard:
    """Have people order until the plan is over."""
    script = (HERE / "load.py").read_text()
    out = await cluster.python(
        POD, script, json.dumps(asdict(plan)), timeout_s=plan.seconds + GRACE_S
    )
    return Heard(plan, [Said(**json.loads(line)) for line in out.splitlines()])


@asynccontextmanager
async def load(cluster: Cluster, *plans: Plan) -> AsyncGenerator[list[Heard]]:
    """Have people order during the block; what they heard is there after it.

    The block begins when the first has been answered, and its end stops everybody.
    """
    heard: list[Heard] = []
    playing = [asyncio.create_task(play(cluster, plan)) for plan in plans]
    try:
        await asyncio.sleep(SETTLES_S)
        for task in playing:
            if task.done():
                task.result()
        yield heard
    finally:
        files = [f"/tmp/{plan.run}.stop" for plan in plans]  # noqa: S108 - in the pod
        stop = "import pathlib,sys; [pathlib.Path(f).touch() for f in sys.argv[1:]]"
        await cluster.exec(POD, "app", "python", "-c", stop, *files)
        heard += await asyncio.gather(*playing)


SETTLES_S: Final = 5.0
"""Everybody has signed in and ordered once."""


async def ask(cluster: Cluster, wishes: Sequence[dict[str, Any]], pod: str = POD) -> "list[Answer]":
    """Send requests from a pod, a few at once: `method`, `url`, `headers`, `body`."""
    script = (HERE / "ask.py").read_text()
    patience_s = 30.0 + 6.0 * len(wishes)
    out = await cluster.python(pod, script, json.dumps(wishes), timeout_s=patience_s)
    return [Answer(**each) for each in json.loads(out)]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status (0: nobody answered), headers by small name, body."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        return json.loads(self.body)


async def acknowledged(cluster: Cluster, request: dict[str, Any]) -> Answer:
    """Send the same request until it is acknowledged: what is new may not listen yet.

    Raises AssertionError with the last answer after WITHIN_S seconds.
    """

    async def once() -> Answer:
        try:
            [answer] = await ask(cluster, [request])
        except (KubectlError, TimeoutError) as error:
            return Answer(0, {}, repr(error))
        return answer

    return await eventually(
        once,
        lambda answer: answer.status in ACKNOWLEDGED,
        what=f"{request['method']} {request['url']}",
        timeout_s=WITHIN_S,
        every_s=0.5,
    )


async def token(cluster: Cluster, sub: str, *roles: str, cafe_id: str = "") -> str:
    """Sign somebody in at the sandbox's identity provider."""
    wish: dict[str, Any] = {"sub": sub, "roles": list(roles)}
    wish |= {"cafe_id": cafe_id} if cafe_id else {}
    request = {"method": "POST", "url": f"{IDENTITY}/token", "body": wish}
    return (await acknowledged(cluster, request)).json["access_token"]
