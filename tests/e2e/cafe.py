"""The running cafe as its customers, baristas, riders and operators meet it: HTTP only."""

import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from tests.waiting import wait_until

ORDER: dict[str, Any] = {
    "cafe_id": "gangnam",
    "items": [{"menu_id": "americano", "quantity": 1}],
    "payment_method": "tok_ok",
    "fulfilment": {"method": "pickup"},
}


class Cafe:
    """Where everything answers, as `stack.json` says, and the tokens of those who call."""

    def __init__(self, running: dict[str, Any], http: httpx.AsyncClient) -> None:
        self.running = running
        self.http = http
        self._tokens: dict[tuple[str, ...], str] = {}

    def as_(self, sub: str, *roles: str, cafe_id: str | None = None) -> "Person":
        """Return somebody who signs in with the first request."""
        return Person(self, sub, roles, cafe_id)

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

    async def page_once(
        self, order_id: str, status: str, *, last_event: str = "", timeout_s: float = 60.0
    ) -> dict[str, Any]:
        """Return the page as soon as it has this status, and this event last, if one is named.

        The deadline is beyond processingTimeout + redeliverInterval: what a sidecar let go of in a
        restart comes again after that.
        """

        def there(page: dict[str, Any]) -> bool:
            if page.get("order_status") != status:
                return False
            return last_event in ("", page["timeline"][-1]["event"])

        path = f"/my-pages/{order_id}"
        what = f"page {status} {last_event}"
        return await wait_until(
            lambda: self._json("mypage-svc", path), there, what=what, timeout_s=timeout_s
        )

    async def order_once(self, order_id: str, status: str) -> dict[str, Any]:
        """Return the order as soon as its owner says this status."""
        path = f"/orders/{order_id}"
        return await wait_until(
            lambda: self._json("order-svc", path),
            lambda order: order.get("status") == status,
            what=f"order {status}",
            timeout_s=60.0,
        )

    async def _json(self, service: str, path: str) -> dict[str, Any]:
        """Read a body; that of a 404 is a problem, and has neither status nor page."""
        return (await self.get(service, path)).json()
