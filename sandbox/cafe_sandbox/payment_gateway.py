"""A card processor to develop against; it keeps its own books and can misbehave on request.

Idempotency follows the large processors: the first definite answer to an `Idempotency-Key` (201,
402 or 409 `already-charged`) is stored and given again to the same request; another request under
that key is 409 `idempotency-key-reused`. While the first request is still under way a second one
is not queued but refused with 409 `request-in-progress` and `Retry-After`: like a timeout it says
nothing about the outcome, the caller repeats it with the same key. A request whose client has gone
away still takes effect. 400, 429 and 5xx are not stored.
"""

import asyncio
import hashlib
import sqlite3
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import FastAPI, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cafe_sandbox.ledger import Answer, Call, Ledger
from cafe_sandbox.problems import Problem
from cafe_sandbox.server import new_app, read_options, serve

Mode = Literal["normal", "slow", "down", "charge_then_500", "charge_then_timeout", "throttle"]
Text = Annotated[str, Field(min_length=1, max_length=128)]
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]

DECLINES: Final = {"tok_declined": "declined"}
LOST_ANSWERS: Final[dict[str, Mode]] = {
    "tok_500_after_charge": "charge_then_500",
    "tok_timeout_after_charge": "charge_then_timeout",
}
ACCEPTED: Final = {"tok_ok", "tok_slow", *LOST_ANSWERS}
SLOW_MS: Final = 2_000
HANG_MS: Final = 60_000


class Body(BaseModel):
    """A request body: no unknown fields, no conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Charge(Body):
    """`POST /v1/charges`; `amount` in minor units of `currency` (ISO 4217)."""

    amount: Annotated[int, Field(ge=1, le=10**9)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    payment_method: Text
    reference: Text


class Refund(Body):
    """`POST /v1/refunds`: all of what was charged on the reference."""

    reference: Text
    reason: Text


class Behaviour(Body):
    """`PUT /v1/behaviour`; forgotten at restart.

    `delay_ms` is the time before a charge or refund takes effect (default 2,000 in `slow`, else 0),
    in `charge_then_timeout` the time the answer hangs after it (default 60,000).
    """

    mode: Mode = "normal"
    delay_ms: Annotated[int, Field(ge=0, le=HANG_MS)] | None = None

    def delay_s(self, payment_method: str = "") -> float:
        """Give the time a charge or refund takes before it has its effect."""
        slow = self.mode == "slow" or payment_method == "tok_slow"
        own_ms = None if self.mode == "charge_then_timeout" else self.delay_ms
        return ((SLOW_MS if slow else 0) if own_ms is None else own_ms) / 1000

    def hang_s(self) -> float:
        """Give the time an answer hangs that is to be lost."""
        own_ms = self.delay_ms if self.mode == "charge_then_timeout" else None
        return (HANG_MS if own_ms is None else own_ms) / 1000


class Gateway:
    """The routes, over one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._behaviour = Behaviour()
        self._under_way: set[str] = set()

    async def charge(self, request: Request, charge: Charge, key: IdempotencyKey) -> Response:
        """Give 201 `{"charge_id","approval_code"}` or 402 `{"reason"}`."""
        behaviour, method = self._behaviour, charge.payment_method
        decline = None if method in ACCEPTED else DECLINES.get(method, "invalid_method")
        call = _call(charge, key)

        def effect() -> Answer:
            return self._ledger.charge(
                call, charge.reference, charge.amount, charge.currency, decline
            )

        answer = await self._answer(call, behaviour.delay_s(method), effect)
        if answer.status == HTTPStatus.CREATED and not answer.replayed:
            await _lose_answer(request, LOST_ANSWERS.get(method, behaviour.mode), behaviour)
        return _response(answer)

    async def refund(self, refund: Refund, key: IdempotencyKey) -> Response:
        """Give 201 `{"refund_id","amount"}`; amount 0 = never charged, and never will be."""
        call = _call(refund, key)

        def effect() -> Answer:
            return self._ledger.refund(call, refund.reference)

        return _response(await self._answer(call, self._behaviour.delay_s(), effect))

    async def entries(
        self,
        reference: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    ) -> dict[str, object]:
        """Give `{"entries":[{"kind","amount","reference","at"}],"next"}`, oldest first.

        `next` is the `after` of the following page, null on the last one.
        """
        movements = self._ledger.movements(reference, after, limit + 1)
        page = movements[:limit]
        entries = [
            {"kind": m.kind, "amount": m.amount, "reference": m.reference, "at": m.at} for m in page
        ]
        return {"entries": entries, "next": page[-1].position if len(movements) > limit else None}

    async def set_behaviour(self, behaviour: Behaviour) -> Behaviour:
        """Change how charges and refunds behave from now on."""
        self._behaviour = behaviour
        return behaviour

    async def _answer(self, call: Call, delay_s: float, effect: Callable[[], Answer]) -> Answer:
        _refuse_if_away(self._behaviour.mode)
        if answer := self._ledger.answer_to(call):
            return answer
        if call.key in self._under_way:
            detail = "The first request with this Idempotency-Key is not finished; repeat later."
            raise Problem(409, "request-in-progress", detail, {"Retry-After": "1"})
        if delay_s:
            self._under_way.add(call.key)
            try:
                await asyncio.sleep(delay_s)
            finally:
                self._under_way.discard(call.key)
        return effect()


def _call(body: Charge | Refund, key: str) -> Call:
    # A digest, because the request holds a payment token and the file is kept. The two routes have
    # no body in common, so the body tells them apart.
    return Call(key, hashlib.sha256(body.model_dump_json().encode()).hexdigest())


def _response(answer: Answer) -> Response:
    kind = (
        "application/problem+json" if answer.status == HTTPStatus.CONFLICT else "application/json"
    )
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else None
    return Response(answer.body, answer.status, headers, media_type=kind)


def _refuse_if_away(mode: Mode) -> None:
    if mode == "down":
        raise Problem(503, "down", "Nothing was done.")
    if mode == "throttle":
        raise Problem(429, "throttled", "Nothing was done; slow down.", {"Retry-After": "1"})


async def _lose_answer(request: Request, mode: Mode, behaviour: Behaviour) -> None:
    if mode == "charge_then_500":
        raise Problem(500, "answer-lost", "The sandbox hides the outcome of this charge.")
    if mode == "charge_then_timeout":
        try:
            await asyncio.wait_for(_disconnected(request), behaviour.hang_s())
        except TimeoutError as error:
            raise Problem(504, "answer-lost", "The sandbox hid the outcome for long.") from error


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def create_app(ledger: Ledger) -> FastAPI:
    """Give the app over an open ledger."""
    app, gateway = new_app("Sandbox payment gateway"), Gateway(ledger)
    app.add_api_route("/v1/charges", gateway.charge, methods=["POST"])
    app.add_api_route("/v1/refunds", gateway.refund, methods=["POST"])
    app.add_api_route("/v1/ledger", gateway.entries)
    app.add_api_route("/v1/behaviour", gateway.set_behaviour, methods=["PUT"])
    return app


def main() -> None:
    """Run `python -m cafe_sandbox.payment_gateway`."""
    options = read_options(
        "cafe_sandbox.payment_gateway",
        "A card processor to develop against: charges, refunds, a durable ledger, bad behaviour.",
        9011,
        ".run/payment-gateway.db",
    )
    try:
        ledger = Ledger(options.data)
    except sqlite3.Error as error:
        sys.exit(f"cafe_sandbox.payment_gateway cannot use the ledger {options.data}: {error}")
    try:
        serve(create_app(ledger), options)
    finally:
        ledger.close()


if __name__ == "__main__":
    main()
