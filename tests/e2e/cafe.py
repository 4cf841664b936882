"""The running cafe as its customers, baristas, riders and operators meet it: HTTP only."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.waiting import wait_until
from tools.launch import RUN_FILE
from tools.topology import app_ids

PATIENCE_S = 60.0
"""Beyond processingTimeout + redeliverInterval: what a sidecar let go of in a restart comes again
after that."""

POLL_S = 0.1
"""Ten looks a second: within what one caller may ask."""

ORDER: dict[str, Any] = {
    "cafe_id": "gangnam",
    "items": [{"menu_id": "americano", "quantity": 1}],
    "payment_method": "tok_ok",
    "fulfilment": {"method": "pickup"},
}

SLOW_MACHINE: Final = {app_id: {"MAX_TURN_MS": "5000"} for app_id in app_ids(RUN_FILE)}
"""Settings of a stack whose stories are not about load: nobody is turned away by a busy machine."""


class Cafe:
    """Where everything answers, as `stack.json` says, and the tokens of those who call."""

    def __init__(self, running: dict[str, Any], http: httpx.AsyncClient) -> None:
        self.running = running
        self.http = http
        self._tokens: dict[tuple[str, ...], str] = {}

    def as_(self, sub: str, *roles: str, cafe_id: str | None = None) -> "Person":
        """Return somebody who signs in with the first request."""
        return Person(self, sub, roles, cafe_id)

    def customer(self) -> "Person":
        """Return somebody who has never ordered."""
        return self.as_(f"customer-{uuid.uuid4().hex[:8]}", "customer")

    def operator(self) -> "Person":
        """Return somebody who looks after dead letters and refunds."""
        return self.as_("olga", "operator")

    def barista(self, cafe_id: str = "gangnam") -> "Person":
        """Return a barista of a cafe."""
        return self.as_(f"barista-{cafe_id}", "barista", cafe_id=cafe_id)

    def url(self, service: str, path: str) -> str:
        """Return the URL of a path of a service."""
        return f"{self.running['services'][service]['url']}{path}"

    async def token(self, sub: str, roles: tuple[str, ...], cafe_id: str | None) -> str:
        """Return a bearer token of the identity provider, the same for the same person."""
        person = (sub, *roles, cafe_id or "")
        if person not in self._tokens:
            wish = {"sub": sub, "roles": list(roles)} | ({"cafe_id": cafe_id} if cafe_id else {})
            url = f"{self.running['identity']['url']}/token"
            answer = (await self.http.post(url, json=wish)).raise_for_status()
            self._tokens[person] = answer.json()["access_token"]
        return self._tokens[person]

    async def ledger(self, order_id: str) -> list[tuple[str, int]]:
        """Return the payment gateway's own entries for an order: (kind, amount)."""
        url = f"{self.running['payment_gateway']['url']}/v1/ledger"
        answer = (await self.http.get(url, params={"reference": order_id})).raise_for_status()
        return [(entry["kind"], entry["amount"]) for entry in answer.json()["entries"]]

    async def gateway(self, mode: str, delay_ms: int | None = None) -> None:
        """Make the payment gateway behave: normal, slow, down, charge_then_500 and so on."""
        url = f"{self.running['payment_gateway']['url']}/v1/behaviour"
        wish = {"mode": mode} | ({} if delay_ms is None else {"delay_ms": delay_ms})
        (await self.http.put(url, json=wish)).raise_for_status()


@dataclass(frozen=True)
class Person:
    """Somebody with roles; every request carries their token."""

    cafe: Cafe
    sub: str
    roles: tuple[str, ...]
    cafe_id: str | None = None

    async def get(self, service: str, path: str) -> httpx.Response:
        """GET a path of a service, e.g. `get("mypage-svc", "/my-pages")`."""
        return await self.request("GET", service, path)

    async def post(
        self,
        service: str,
        path: str,
        *,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """POST to a path of a service."""
        return await self.request("POST", service, path, json=json, headers=headers)

    async def request(
        self,
        method: str,
        service: str,
        path: str,
        *,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send any request."""
        token = await self.cafe.token(self.sub, self.roles, self.cafe_id)
        signed = {"Authorization": f"Bearer {token}"} | (headers or {})
        url = self.cafe.url(service, path)
        return await self.cafe.http.request(method, url, json=json, headers=signed)

    async def place(self, *, key: str | None = None, **changes: object) -> httpx.Response:
        """Place an americano for pickup, or what `changes` of the body say, with a fresh key."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return await self.post("order-svc", "/orders", json=ORDER | changes, headers=headers)

    async def ordered(self, **changes: object) -> str:
        """Place an order, which must be accepted; return its id."""
        answer = await self.place(key=None, **changes)
        assert answer.status_code == 201, answer.text
        return answer.json()["order_id"]

    async def cancel(self, order_id: str) -> httpx.Response:
        """Ask to cancel an order."""
        return await self.post("order-svc", f"/orders/{order_id}/cancel")

    async def serve(self, order_id: str, *steps: str) -> None:
        """Take these steps at the cafe, e.g. accept, start; each must be taken."""
        for step in steps:
            done = await self.post("cafe-svc", f"/cafe-orders/{order_id}/{step}")
            assert done.is_success, done.text

    async def page_once(
        self, order_id: str, status: str, *, last_event: str = "", told: str = "", refund: str = ""
    ) -> dict[str, Any]:
        """Return the page as soon as it has this status, and what else is named.

        `last_event` ends its timeline, `told` is in it, `refund` is its refund status.
        """

        def there(page: dict[str, Any]) -> bool:
            return (
                page.get("order_status") == status
                and last_event in ("", events(page)[-1])
                and told in ("", *events(page))
                and refund in ("", page["refund_status"])
            )

        path = f"/my-pages/{order_id}"
        what = f"page {status} {last_event} {told} {refund}"
        return await wait_until(
            lambda: self._json("mypage-svc", path),
            there,
            what=what,
            timeout_s=PATIENCE_S,
            every_s=POLL_S,
        )

    async def order_once(self, order_id: str, status: str) -> dict[str, Any]:
        """Return the order as soon as its owner says this status."""
        return await self._once("order-svc", f"/orders/{order_id}", status)

    async def payment_once(self, order_id: str, *statuses: str) -> dict[str, Any]:
        """Return the payment as soon as its owner says one of these."""
        return await self._once("payment-svc", f"/payments/{order_id}", *statuses)

    async def cafe_order_once(self, order_id: str, status: str) -> dict[str, Any]:
        """Return the order at the cafe as soon as its owner says this status."""
        return await self._once("cafe-svc", f"/cafe-orders/{order_id}", status)

    async def _once(self, service: str, path: str, *statuses: str) -> dict[str, Any]:
        return await wait_until(
            lambda: self._json(service, path),
            lambda body: body.get("status") in statuses,
            what=f"{path} {' or '.join(statuses)}",
            timeout_s=PATIENCE_S,
            every_s=POLL_S,
        )

    async def _json(self, service: str, path: str) -> dict[str, Any]:
        """Read a body; that of a 404 is a problem, and has neither status nor page."""
        return (await self.get(service, path)).json()


def events(page: dict[str, Any]) -> list[str]:
    """Return what a page's timeline tells, oldest first."""
    return [moment["event"] for moment in page["timeline"]]
