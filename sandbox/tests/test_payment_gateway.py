"""A caller charges and refunds orders, and asks the gateway's books what happened."""

import re
from typing import Any

import pytest

from sandbox.tests.sandbox_program import GatewayClient, problem_of

CHARGE = {"amount": 4500, "currency": "KRW", "payment_method": "tok_ok", "reference": "order-1"}
REFUND = {"reference": "order-1", "reason": "cancelled"}


def test_a_charge_is_answered_with_its_id_and_entered_in_the_ledger(
    gateway: GatewayClient, reference: str
) -> None:
    answer = gateway.charge("charge:" + reference, reference, amount=9000)

    assert answer.status_code == 201
    assert set(answer.json()) == {"charge_id", "approval_code"}
    listed = gateway.http.get("/v1/ledger", params={"reference": reference}).json()
    (entry,) = listed["entries"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.pop("at"))
    assert entry == {"kind": "charge", "amount": 9000, "reference": reference}


@pytest.mark.parametrize("method", ["tok_ok", "tok_declined", "tok_nobody_knows"])
def test_the_same_request_under_the_same_key_has_the_same_answer(
    gateway: GatewayClient, reference: str, method: str
) -> None:
    first = gateway.charge("key-" + reference, reference, method=method)

    second = gateway.charge("key-" + reference, reference, method=method)

    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(gateway.ledger(reference)) == (1 if method == "tok_ok" else 0)


def test_another_request_under_a_used_key_is_a_conflict(
    gateway: GatewayClient, reference: str
) -> None:
    gateway.charge("key-" + reference, reference, amount=4500)

    other_amount = gateway.charge("key-" + reference, reference, amount=4501)
    other_route = gateway.refund("key-" + reference, reference)

    assert problem_of(other_amount) == (409, "idempotency-key-reused")
    assert problem_of(other_route) == (409, "idempotency-key-reused")
    assert gateway.ledger(reference) == [("charge", 4500)]


def test_a_charged_reference_is_not_charged_again_under_another_key(
    gateway: GatewayClient, reference: str
) -> None:
    gateway.charge("first-" + reference, reference)

    second = gateway.charge("second-" + reference, reference)
    again = gateway.charge("second-" + reference, reference)

    assert problem_of(second) == (409, "already-charged")
    assert problem_of(again) == (409, "already-charged")
    assert gateway.ledger(reference) == [("charge", 4500)]


@pytest.mark.parametrize(
    ("method", "reason"),
    [("tok_declined", "declined"), ("tok_nobody_knows", "invalid_method")],
)
def test_a_decline_says_why_and_leaves_the_reference_open_for_another_card(
    gateway: GatewayClient, reference: str, method: str, reason: str
) -> None:
    declined = gateway.charge("first-" + reference, reference, method=method)
    assert gateway.ledger(reference) == []

    accepted = gateway.charge("second-" + reference, reference)

    assert (declined.status_code, declined.json()) == (402, {"reason": reason})
    assert accepted.status_code == 201


def test_a_refund_gives_back_all_that_was_charged_and_only_once(
    gateway: GatewayClient, reference: str
) -> None:
    gateway.charge("charge-" + reference, reference, amount=5000)

    first = gateway.refund("refund-" + reference, reference)
    same_key = gateway.refund("refund-" + reference, reference)
    other_key = gateway.refund("other-" + reference, reference)

    assert first.status_code == 201
    assert first.json() == {"refund_id": first.json()["refund_id"], "amount": 5000}
    assert first.content == same_key.content == other_key.content
    assert gateway.ledger(reference) == [("charge", 5000), ("refund", 5000)]


def test_refunding_what_was_never_charged_closes_the_reference(
    gateway: GatewayClient, reference: str
) -> None:
    refund = gateway.refund("refund-" + reference, reference)

    late = gateway.charge("charge-" + reference, reference)

    assert (refund.status_code, refund.json()["amount"]) == (201, 0)
    assert (late.status_code, late.json()) == (402, {"reason": "closed"})
    assert gateway.ledger(reference) == []


def test_a_refunded_reference_stays_charged(gateway: GatewayClient, reference: str) -> None:
    gateway.charge("charge-" + reference, reference)
    gateway.refund("refund-" + reference, reference)

    again = gateway.charge("again-" + reference, reference)

    assert problem_of(again) == (409, "already-charged")


def test_the_whole_ledger_is_read_in_pages(gateway: GatewayClient, reference: str) -> None:
    references = [f"{reference}-{number}" for number in range(5)]
    for each in references:
        gateway.charge("charge-" + each, each)
    gateway.refund("refund-" + reference, f"{reference}-never-charged")

    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = gateway.http.get("/v1/ledger", params={"after": after, "limit": 2}).json()
        assert len(page["entries"]) <= 2
        seen += [entry["reference"] for entry in page["entries"]]
        after = page["next"]

    assert [each for each in seen if each.startswith(reference)] == references
    assert len(gateway.http.get("/v1/ledger").json()["entries"]) <= 500


@pytest.mark.parametrize("query", ["limit=1001", "limit=0", "after=-1", "after=x", "reference="])
def test_a_ledger_page_outside_the_limits_is_refused(gateway: GatewayClient, query: str) -> None:
    assert problem_of(gateway.http.get(f"/v1/ledger?{query}")) == (400, "invalid-request")


@pytest.mark.parametrize(("route", "body"), [("charges", CHARGE), ("refunds", REFUND)])
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 256}])
def test_an_idempotency_key_of_1_to_255_characters_is_required(
    gateway: GatewayClient, route: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    answer = gateway.http.post(f"/v1/{route}", json=body, headers=headers)

    assert problem_of(answer) == (400, "invalid-request")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"amount": amount} for amount in (0, -1, 10**9 + 1, 4500.0, "4500", True, None)),
        *({"currency": currency} for currency in ("krw", "KR", "KRWX", "KRW\n", 410)),
        *({"reference": reference} for reference in ("", "r" * 129, 5)),
        *({"payment_method": method} for method in ("", "t" * 129, None)),
        {"tip": 1},
    ],
    ids=str,
)
def test_a_wrong_charge_is_refused(gateway: GatewayClient, wrong: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "wrong"}

    answer = gateway.http.post("/v1/charges", json={**CHARGE, **wrong}, headers=headers)

    assert problem_of(answer) == (400, "invalid-request")
    assert next(iter(wrong)) in answer.json()["detail"]


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reference": "r" * 129}, {"amount": 5}])
def test_a_wrong_refund_is_refused(gateway: GatewayClient, wrong: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "wrong"}

    answer = gateway.http.post("/v1/refunds", json={**REFUND, **wrong}, headers=headers)

    assert problem_of(answer) == (400, "invalid-request")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 60_000, b"[]", b'{"reference": "\\ud800"}'])
def test_a_body_that_is_no_charge_is_a_bad_request(gateway: GatewayClient, body: bytes) -> None:
    headers = {"Idempotency-Key": "wrong", "Content-Type": "application/json"}

    answer = gateway.http.post("/v1/charges", content=body, headers=headers)

    assert problem_of(answer)[0] == 400


@pytest.mark.parametrize("length", ["announced", "chunked"])
def test_a_body_over_64_kib_is_too_large(gateway: GatewayClient, length: str) -> None:
    body = b'{"reference": "' + b"r" * 64 * 1024 + b'"}'
    headers = {"Idempotency-Key": "large", "Content-Type": "application/json"}
    content = (
        body if length == "announced" else (body[at : at + 999] for at in range(0, 66_000, 999))
    )

    answer = gateway.http.post("/v1/charges", content=content, headers=headers)

    assert problem_of(answer) == (413, "body-too-large")


def test_an_unknown_route_or_method_is_a_problem(gateway: GatewayClient) -> None:
    assert problem_of(gateway.http.get("/v2/charges"))[0] == 404
    assert problem_of(gateway.http.delete("/v1/ledger"))[0] == 405
