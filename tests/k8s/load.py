"""People who order from inside the cluster: `python - PLAN` in the load pod, Python and aiohttp.

PLAN is JSON:
`{"url", "host", "identity", "users", "think_s", "rate_per_s", "seconds", "served", "run"}`.
Closed model: each of `users` orders, thinks for about `think_s` seconds and orders again. Open
model, with `rate_per_s`: one of them orders whenever it is time, whatever became of those before.
With `served` baristas make what was ordered and hand it over; what they are told is not printed.
It ends after `seconds`, or as soon as the file /tmp/RUN.stop is there. Each answer is one line of
JSON: tests/chaos/oracle.py has its fields; status 0 is no answer, and `told` says why.
"""

import asyncio
import json
import random
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

PATIENCE_S: Final = 15.0
LOOK_EVERY_S: Final = 0.2
CAFES: Final = ("gangnam", "hongdae", "jamsil")
CREATED: Final = 201
STEPS: Final = ("accept", "start", "finish", "hand-over")
TOLD_MOST: Final = 300


class Crowd:
    """Customers at one address; connections are kept and used again."""

    def __init__(self, plan: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self.plan = plan
        self.http = http
        self.tokens: dict[str, str] = {}
        self.baristas: dict[str, str] = {}
        self.stop = Path(f"/tmp/{plan['run']}.stop")  # noqa: S108 - the pod's own, and empty
        self.over = asyncio.Event()
        self.rng = random.Random(plan["run"])  # noqa: S311

    async def watch(self) -> None:
        """Tell everybody when it is over: the time, or somebody who asks for it."""
        until = time.monotonic() + self.plan["seconds"]
        while time.monotonic() < until and not self.stop.exists():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)
        self.over.set()

    async def pause(self, seconds: float) -> None:
        """Wait, unless it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)

    async def sign_in(self) -> None:
        """Get everybody a token before the first order."""
        gate = asyncio.Semaphore(4)

        async def one(sub: str) -> None:
            async with gate:
                self.tokens[sub] = await self.token(sub, "customer")

        people = (f"{self.plan['run']}-{number}" for number in range(self.plan["users"]))
        await asyncio.gather(*map(one, people))
        for cafe_id in CAFES if self.plan["served"] else ():
            self.baristas[cafe_id] = await self.token(f"ben-{cafe_id}", "barista", cafe_id=cafe_id)

    async def token(self, sub: str, role: str, **claims: str) -> str:
        """Sign somebody in."""
        body = {"sub": sub, "roles": [role], **claims}
        async with self.http.post(f"{self.plan['identity']}/token", json=body) as answer:
            answer.raise_for_status()
            return (await answer.json())["access_token"]

    async def closed(self) -> None:
        """Have everybody order, think and order again."""
        await asyncio.gather(*map(self._orders_again, self.tokens))

    async def _orders_again(self, sub: str) -> None:
        think_s = self.plan["think_s"]
        await self.pause(self.rng.uniform(0, think_s))
        while not self.over.is_set():
            await self.order(sub)
            if think_s:
                await self.pause(self.rng.expovariate(1 / think_s))

    async def open(self) -> None:
        """Have somebody order at a rate, by exponential gaps."""
        due, orders, people = time.monotonic(), set[asyncio.Task[None]](), list(self.tokens)
        while not self.over.is_set():
            due += self.rng.expovariate(self.plan["rate_per_s"])
            await self.pause(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(self.order(self.rng.choice(people)))
            orders.add(task)
            task.add_done_callback(orders.discard)
        await asyncio.gather(*orders)

    async def order(self, sub: str) -> None:
        """Place one order and print what was answered."""
        key, at, began = str(uuid.uuid4()), time.time(), time.perf_counter()
        headers, cafe_id = self.headers(self.tokens[sub], key), self.rng.choice(CAFES)
        body = {
            "cafe_id": cafe_id,
            "items": [{"menu_id": "americano", "quantity": 1}],
            "payment_method": "tok_ok",
            "fulfilment": {"method": "pickup"},
        }
        url = f"{self.plan['url']}/orders"
        try:
            async with self.http.post(url, json=body, headers=headers) as answer:
                status, told = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            status, told = 0, why(error)
        order_id = json.loads(told)["order_id"] if status == CREATED else ""
        line = {
            "at": at,
            "took_s": round(time.perf_counter() - began, 4),
            "what": "place",
            "who": sub,
            "key": key,
            "order_id": order_id,
            "status": status,
            "told": told if status == CREATED else told[:TOLD_MOST],
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if order_id and self.plan["served"]:
            await self.serve(order_id, cafe_id)

    def headers(self, token: str, key: str) -> dict[str, str]:
        """Return what every request says of itself."""
        named = {"host": self.plan["host"]} if self.plan.get("host") else {}
        return {"authorization": f"Bearer {token}", "idempotency-key": key, **named}

    async def serve(self, order_id: str, cafe_id: str) -> None:
        """Make it and hand it over, beginning as soon as the cafe knows it; give up in the end."""
        until = time.monotonic() + PATIENCE_S
        for step in STEPS:
            url = f"{self.plan['url']}/cafe-orders/{order_id}/{step}"
            headers = self.headers(self.baristas[cafe_id], str(uuid.uuid4()))
            while time.monotonic() < until and not await self.is_done(url, headers):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY_S)

    async def is_done(self, url: str, headers: dict[str, str]) -> bool:
        """Send a command; say whether it was acknowledged."""
        try:
            async with self.http.post(url, headers=headers) as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def why(error: BaseException) -> str:
    """Return timeout, refused or reset, and what was said."""
    if isinstance(error, TimeoutError):
        return f"timeout: {error!r}"
    refused = isinstance(error, aiohttp.ClientConnectorError)
    return f"{'refused' if refused else 'reset'}: {error!r}"


async def main() -> None:
    """Order until it is over."""
    plan: dict[str, Any] = json.loads(sys.argv[1])
    connector, limit = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as http:
        crowd = Crowd(plan, http)
        with suppress(FileNotFoundError):
            crowd.stop.unlink()
        await crowd.sign_in()
        ordering = crowd.open() if plan["rate_per_s"] else crowd.closed()
        await asyncio.gather(crowd.watch(), ordering)


if __name__ == "__main__":
    asyncio.run(main())
