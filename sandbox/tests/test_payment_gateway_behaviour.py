"""The gateway is slow, away, forgetful or asked twice at once; nobody is ever charged twice."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import httpx
import pytest

from sandbox.tests.sandbox_program import GatewayClient, Program, problem_of

CALLERS = 20


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CALLERS) as pool:
        yield pool


def at_once(
    callers: ThreadPoolExecutor, times: int, call: Callable[[int], httpx.Response]
) -> list[httpx.Response]:
    return list(callers.map(call, range(times)))


@pytest.mark.parametrize("delay_ms", [0, 200])
def test_twenty_charges_at_once_under_one_key_are_one_charge(
    gateway: GatewayClient,
    gateway_program: Program,
    callers: ThreadPoolExecutor,
    reference: str,
    delay_ms: int,
) -> None:
    gateway.behave("slow", delay_ms)

    def charge_until_answered(_: int) -> httpx.Response:
        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            answers.append(gateway.charge("key-" + reference, reference))
            return answers[-1].status_code != 409

        gateway_program.wait_until(is_answered)
        return answers[-1]

    answers = at_once(callers, CALLERS, charge_until_answered)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert gateway.ledger(reference) == [("charge", 4500)]


def test_twenty_charges_at_once_under_twenty_keys_are_one_charge(
    gateway: GatewayClient, callers: ThreadPoolExecutor, reference: str
) -> None:
    gateway.behave("slow", 100)

    answers = at_once(
        callers, CALLERS, lambda number: gateway.charge(f"{number}-{reference}", reference)
    )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [409] * (CALLERS - 1)
    assert gateway.ledger(reference) == [("charge", 4500)]


def test_a_second_call_is_refused_while_the_first_is_under_way(
    gateway: GatewayClient, callers: ThreadPoolExecutor, reference: str
) -> None:
    gateway.behave("normal", 500)

    answers = at_once(
        callers, 2, lambda _: gateway.charge("key-" + reference, reference, method="tok_slow")
    )

    charged, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert charged.status_code == 201
    assert problem_of(refused) == (409, "request-in-progress")
    assert refused.headers["retry-after"] == "1"
    assert refused.elapsed < charged.elapsed


def test_a_slow_card_takes_two_seconds_and_holds_nobody_up(
    gateway: GatewayClient, callers: ThreadPoolExecutor, reference: str
) -> None:
    slow = callers.submit(
        gateway.charge, "slow-" + reference, "slow-" + reference, method="tok_slow"
    )

    others = [
        gateway.charge(f"{number}-{reference}", f"{number}-{reference}") for number in range(9)
    ]

    assert not slow.done()
    assert {answer.status_code for answer in others} == {201}
    assert slow.result().status_code == 201
    assert slow.result().elapsed.total_seconds() >= 2


def test_a_refund_that_says_0_beats_the_charge_it_races(
    gateway: GatewayClient, callers: ThreadPoolExecutor, reference: str
) -> None:
    references = [f"{reference}-{number}" for number in range(40)]
    charges = [callers.submit(gateway.charge, "charge-" + each, each) for each in references]
    refunds = [callers.submit(gateway.refund, "refund-" + each, each) for each in references]

    for each, charging, refunding in zip(references, charges, refunds, strict=True):
        charge, refund = charging.result(), refunding.result()
        if refund.json()["amount"] == 0:
            assert (charge.status_code, charge.json()) == (402, {"reason": "closed"})
            assert gateway.ledger(each) == []
        else:
            assert charge.status_code == 201
            assert gateway.ledger(each) == [("charge", 4500), ("refund", 4500)]


def test_a_refund_that_overtakes_a_slow_charge_closes_the_reference(
    gateway: GatewayClient, callers: ThreadPoolExecutor, reference: str
) -> None:
    gateway.behave("slow", 500)
    slow = [callers.submit(gateway.charge, "charge-" + reference, reference) for _ in range(2)]
    wait(slow, return_when=FIRST_COMPLETED)
    gateway.behave("normal")

    refund = gateway.refund("refund-" + reference, reference)

    assert refund.json()["amount"] == 0
    statuses = {call.result().status_code for call in slow}
    assert statuses == {409, 402}, "one was refused at once, so the other was under way"
    assert gateway.ledger(reference) == []


def test_a_slow_charge_takes_effect_after_its_caller_has_gone(
    gateway: GatewayClient, gateway_program: Program, reference: str
) -> None:
    gateway.behave("slow", 500)
    with pytest.raises(httpx.ReadTimeout):
        gateway.charge("key-" + reference, reference, timeout_s=0.1)
    assert gateway.ledger(reference) == []

    gateway_program.wait_until(lambda: gateway.ledger(reference) != [])

    assert gateway.charge("key-" + reference, reference).status_code == 201
    assert gateway.ledger(reference) == [("charge", 4500)]


@pytest.mark.parametrize(
    ("mode", "method"),
    [("charge_then_500", "tok_ok"), ("normal", "tok_500_after_charge")],
)
def test_a_charge_whose_answer_is_lost_is_found_by_repeating_it(
    gateway: GatewayClient, reference: str, mode: str, method: str
) -> None:
    gateway.behave(mode)

    first = gateway.charge("key-" + reference, reference, method=method)
    charged = gateway.ledger(reference)
    second = gateway.charge("key-" + reference, reference, method=method)

    assert problem_of(first) == (500, "answer-lost")
    assert charged == [("charge", 4500)]
    assert second.status_code == 201
    assert gateway.ledger(reference) == charged


@pytest.mark.parametrize(
    ("mode", "method"),
    [("charge_then_timeout", "tok_ok"), ("normal", "tok_timeout_after_charge")],
)
def test_a_charge_whose_answer_never_comes_is_found_by_repeating_it(
    gateway: GatewayClient, reference: str, mode: str, method: str
) -> None:
    gateway.behave(mode)

    with pytest.raises(httpx.ReadTimeout):
        gateway.charge("key-" + reference, reference, method=method, timeout_s=0.5)
    charged = gateway.ledger(reference)
    second = gateway.charge("key-" + reference, reference, method=method)

    assert charged == [("charge", 4500)]
    assert second.status_code == 201
    assert gateway.ledger(reference) == charged


def test_a_lost_answer_hangs_for_a_bounded_time(gateway: GatewayClient, reference: str) -> None:
    gateway.behave("charge_then_timeout", 200)

    answer = gateway.charge("key-" + reference, reference)

    assert problem_of(answer) == (504, "answer-lost")
    assert answer.elapsed.total_seconds() >= 0.2


def test_a_decline_is_answered_even_where_charges_lose_their_answer(
    gateway: GatewayClient, reference: str
) -> None:
    gateway.behave("charge_then_500")

    assert gateway.charge("key-" + reference, reference, method="tok_declined").status_code == 402


@pytest.mark.parametrize(("mode", "status"), [("down", 503), ("throttle", 429)])
def test_a_gateway_that_is_away_has_no_effect_and_stores_nothing(
    gateway: GatewayClient, reference: str, mode: str, status: int
) -> None:
    gateway.behave(mode)
    charge = gateway.charge("charge-" + reference, reference)
    refund = gateway.refund("refund-" + reference, reference)
    assert gateway.ledger(reference) == [], "the books are open in every mode"
    assert gateway.http.get("/livez").status_code == 200

    gateway.behave("normal")

    assert problem_of(charge)[0] == problem_of(refund)[0] == status
    assert charge.headers.get("retry-after") == ("1" if mode == "throttle" else None)
    assert gateway.charge("charge-" + reference, reference).status_code == 201
    assert gateway.refund("refund-" + reference, reference).json()["amount"] == 4500


@pytest.mark.parametrize(
    "body",
    [{"mode": "angry"}, {"mode": "slow", "delay_ms": -1}, {"mode": "slow", "delay_ms": 60_001}, []],
)
def test_an_unknown_behaviour_is_refused(gateway: GatewayClient, body: object) -> None:
    answer = gateway.http.put("/v1/behaviour", json=body)

    assert problem_of(answer) == (400, "invalid-request")
