"""One order from the customer's POST to the cup in hand, as soon as a new installation lets it."""

import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

from tests.k8s.cluster import Cluster, eventually
from tests.k8s.load_pod import ACKNOWLEDGED, EDGE, Answer, acknowledged, ask, token

STEPS: Final = ("accept", "start", "finish", "hand-over")


@dataclass(frozen=True, slots=True)
class Door:
    """Where people come in: a URL inside of the cluster, and the host name to ask for."""

    url: str = EDGE
    host: str = ""

    def request(
        self, method: str, path: str, bearer: str = "", *, body: object = None
    ) -> dict[str, Any]:
        """Return a request with a key of its own, as load_pod.ask takes it."""
        headers = {"idempotency-key": str(uuid.uuid4())}
        headers |= {"authorization": f"Bearer {bearer}"} if bearer else {}
        headers |= {"host": self.host} if self.host else {}
        return {"method": method, "url": f"{self.url}{path}", "headers": headers, "body": body}

    async def until(
        self, cluster: Cluster, method: str, path: str, bearer: str, *, body: object = None
    ) -> Answer:
        """Send the same request, with the same key, until it is acknowledged."""
        return await acknowledged(cluster, self.request(method, path, bearer, body=body))

    async def status(self, cluster: Cluster, order_id: str, bearer: str) -> str:
        """Return what an order's owner says of it, or the status of the answer."""
        [answer] = await ask(cluster, [self.request("GET", f"/orders/{order_id}", bearer)])
        return answer.json["status"] if answer.status in ACKNOWLEDGED else str(answer.status)


def americano(cafe_id: str) -> dict[str, Any]:
    """Return the order of one cup, to be fetched."""
    return {
        "cafe_id": cafe_id,
        "items": [{"menu_id": "americano", "quantity": 1}],
        "payment_method": "tok_ok",
        "fulfilment": {"method": "pickup"},
    }


async def first_order(cluster: Cluster, door: Door) -> float:
    """Have an order placed, made and handed over, at a door that may not be open yet.

    Returns the seconds it took.
    """
    began = time.monotonic()
    await door.until(cluster, "GET", "/cafes", "")
    customer = await token(cluster, "ana", "customer")
    barista = await token(cluster, "ben", "barista", cafe_id="gangnam")
    placed = await door.until(cluster, "POST", "/orders", customer, body=americano("gangnam"))
    order_id = placed.json["order_id"]
    for step in STEPS:
        await door.until(cluster, "POST", f"/cafe-orders/{order_id}/{step}", barista)
    await eventually(
        lambda: door.status(cluster, order_id, customer),
        lambda status: status == "COMPLETED",
        what="the first order completed",
        timeout_s=60.0,
        every_s=0.5,
    )
    return time.monotonic() - began
