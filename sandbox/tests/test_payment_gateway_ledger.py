"""Whatever is asked in whatever order, and however the process ends, the books are right."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import uuid4

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.tests.sandbox_program import GatewayClient, Program

CALLERS = 4

charges = st.tuples(
    st.just("charge"),
    st.integers(1, 3),
    st.sampled_from(["tok_ok", "tok_declined", "tok_500_after_charge"]),
)
refunds = st.tuples(st.just("refund"), st.just(0), st.just(""))
calls = st.tuples(st.sampled_from("ab"), st.sampled_from("123"), charges | refunds)


@settings(max_examples=100, deadline=None)
@given(st.lists(calls, max_size=12))
def test_any_sequence_of_calls_keeps_refunded_within_charged_within_asked(
    gateway_program: Program, sequence: list[tuple[str, str, tuple[str, int, str]]]
) -> None:
    gateway = GatewayClient(gateway_program.client)
    example = uuid4().hex
    asked: dict[str, set[int]] = {"a": set(), "b": set()}
    given_answers: dict[str, set[tuple[object, int, bytes]]] = {}

    for name, key, (kind, amount, method) in sequence:
        reference, full_key = f"{example}-{name}", f"{example}-{key}"
        if kind == "charge":
            answer = gateway.charge(full_key, reference, amount=amount, method=method)
            asked[name].add(amount)
        else:
            answer = gateway.refund(full_key, reference)
        if answer.status_code in {201, 402}:
            request = (name, kind, amount, method)
            given_answers.setdefault(key, set()).add((request, answer.status_code, answer.content))
        check_books(gateway.ledger(reference), asked[name])

    assert all(len(answers) == 1 for answers in given_answers.values()), "one key, one answer"


def check_books(entries: list[tuple[str, int]], asked: set[int]) -> None:
    charged = [amount for kind, amount in entries if kind == "charge"]
    refunded = [amount for kind, amount in entries if kind == "refund"]
    assert len(charged) <= 1
    assert len(refunded) <= 1
    assert set(charged) <= asked
    assert 0 <= sum(refunded) <= sum(charged)


def test_what_was_answered_before_a_kill_is_answered_again_after_it(own_gateway: Program) -> None:
    gateway = GatewayClient(own_gateway.client)
    first = {
        method: gateway.charge(f"key-{method}", f"order-{method}", method=method)
        for method in ("tok_ok", "tok_declined")
    }
    refund = gateway.refund("refund-key", "order-tok_ok")
    gateway.behave("down")
    own_gateway.kill()

    own_gateway.start()

    for method, answer in first.items():
        again = gateway.charge(f"key-{method}", f"order-{method}", method=method)
        assert (again.status_code, again.content) == (answer.status_code, answer.content)
    assert gateway.refund("refund-key", "order-tok_ok").content == refund.content
    assert gateway.ledger("order-tok_ok") == [("charge", 4500), ("refund", 4500)]
    assert gateway.ledger("order-tok_declined") == []


def test_a_kill_in_the_middle_of_charges_loses_none_and_doubles_none(own_gateway: Program) -> None:
    gateway = GatewayClient(own_gateway.client)
    numbers = count()
    acknowledged: dict[int, bytes] = {}

    def charge_until_killed(_: int) -> int:
        while True:
            number = next(numbers)
            try:
                acknowledged[number] = gateway.charge(f"key-{number}", f"order-{number}").content
            except httpx.TransportError:
                return number

    with ThreadPoolExecutor(CALLERS) as callers:
        cut_off = [callers.submit(charge_until_killed, each) for each in range(CALLERS)]
        own_gateway.wait_until(lambda: len(acknowledged) >= 100)
        own_gateway.kill()
        unanswered = [call.result() for call in cut_off]
    own_gateway.start()

    for number, content in acknowledged.items():
        assert gateway.charge(f"key-{number}", f"order-{number}").content == content
    for number in unanswered:
        assert gateway.charge(f"key-{number}", f"order-{number}").status_code == 201
    entries = gateway.http.get("/v1/ledger", params={"limit": 1000}).json()["entries"]
    references = sorted(entry["reference"] for entry in entries)
    assert references == sorted(f"order-{number}" for number in (*acknowledged, *unanswered))
