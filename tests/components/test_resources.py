"""The numbers of `components/` hold together, and everybody has exactly the topics of the domain.

Daprd starts without a word when a timeout is larger than the one around it, a topic is missing
from a scope or a duration has the wrong unit; it loses events months later.
"""

import math
import re
from itertools import chain

import pytest

from tests.components.resources import (
    FOLDER,
    longest_pauses_s,
    of_kind,
    read_all,
    seconds,
    settings,
    topic_scopes,
    trip_count,
)

SAYS = {
    "order-svc": "OrderPlaced OrderCancelRequested OrderCancelled",
    "payment-svc": "Paid PaymentFailed PaymentCancelled PaymentRefunded RefundFailed",
    "cafe-svc": "OrderQueued OrderAccepted OrderRejected CafeOrderCancelled OrderCancelRefused "
    "MakeStarted MakeCompleted DeliveryStarted DeliveryConfirmed OrderPickedUp OrderUncollected",
    "mypage-svc": "",
}
HEARS = {
    "order-svc": "Paid PaymentFailed OrderAccepted OrderRejected CafeOrderCancelled "
    "OrderCancelRefused OrderPickedUp DeliveryConfirmed OrderUncollected",
    "payment-svc": "OrderPlaced OrderRejected CafeOrderCancelled",
    "cafe-svc": "Paid OrderCancelRequested",
    "mypage-svc": " ".join(SAYS.values()),
}
PUBSUB = {
    "order-svc": "cafe-pubsub",
    "payment-svc": "cafe-pubsub",
    "cafe-svc": "cafe-pubsub",
    "mypage-svc": "page-pubsub",
}
PUBSUBS = of_kind("Component", "pubsub.")
LETTERS = PUBSUBS.pop("dead-letters")
REPLICAS = PUBSUBS.pop("replicas")
STORES = of_kind("Component", "state.")
RESILIENCY = of_kind("Resiliency")["cafe"]
POLICIES = RESILIENCY["spec"]["policies"]
TARGETS = RESILIENCY["spec"]["targets"]
APP_DEADLINE_S = 5.0
FIRST_SAGA_DEADLINE_S = 60.0


def topics_of(names: str) -> set[str]:
    return {f"cafe.{name}.v1" for name in names.split()}


def scoped(direction: str) -> dict[str, set[str]]:
    return dict(chain(*(topic_scopes(each, direction).items() for each in PUBSUBS.values())))


def test_every_file_holds_one_resource_with_a_name_of_its_own_and_no_namespace() -> None:
    resources = read_all()

    names = [(each["kind"], each["metadata"]["name"]) for each in resources]
    assert len(resources) == len(list(FOLDER.glob("*.yaml")))
    assert len(set(names)) == len(names)
    assert all(set(each["metadata"]) == {"name"} for each in resources)


def test_every_component_and_endpoint_is_scoped_to_known_apps() -> None:
    for each in read_all():
        if each["kind"] != "Configuration":
            assert each["scopes"], each["metadata"]["name"]
            assert set(each["scopes"]) <= set(PUBSUB), each["metadata"]["name"]


def test_every_service_checks_tokens_and_only_payment_svc_moves_money() -> None:
    endpoints = of_kind("HTTPEndpoint")

    assert set(endpoints["identity-provider"]["scopes"]) == set(PUBSUB)
    assert endpoints["payment-gateway"]["scopes"] == ["payment-svc"]
    assert set(RESILIENCY["scopes"]) == set(PUBSUB)


@pytest.mark.parametrize("app_id", PUBSUB)
def test_an_app_may_publish_what_it_says_and_its_dead_letters_and_nothing_else(app_id: str) -> None:
    letters = f"cafe.dead-letter.{app_id}"

    assert scoped("publishingScopes")[app_id] == topics_of(SAYS[app_id]) | {letters}


@pytest.mark.parametrize("app_id", PUBSUB)
def test_an_app_may_subscribe_to_what_it_hears_and_nothing_else(app_id: str) -> None:
    assert scoped("subscriptionScopes")[app_id] == topics_of(HEARS[app_id])


@pytest.mark.parametrize("direction", ["publishingScopes", "subscriptionScopes"])
def test_no_app_of_a_broker_is_without_topic_scopes(direction: str) -> None:
    """An app that publishingScopes does not name may publish everything."""
    for name, component in PUBSUBS.items():
        apps = {app_id for app_id, pubsub in PUBSUB.items() if pubsub == name}
        assert set(component["scopes"]) == apps
        assert set(topic_scopes(component, direction)) == apps


def test_both_brokers_have_the_same_numbers() -> None:
    scopes = {"publishingScopes", "subscriptionScopes"}
    cafe, page = (
        {name: value for name, value in settings(each).items() if name not in scopes}
        for each in PUBSUBS.values()
    )

    # The consumer group is the app-id; that of the pages is another while they are rebuilt.
    assert page == cafe | {"consumerID": "PAGE_GROUP"}
    assert "consumerID" not in cafe


@pytest.mark.parametrize("name", PUBSUBS)
def test_an_event_is_not_delivered_again_while_its_retries_still_run(name: str) -> None:
    retry = POLICIES["retries"][TARGETS["components"][name]["inbound"]["retry"]]
    gateway = TARGETS["apps"]["payment-gateway"]
    breaker = POLICIES["circuitBreakers"][gateway["circuitBreaker"]]

    pauses_s = longest_pauses_s(retry)
    slow_calls = trip_count(breaker) + math.ceil(pauses_s / seconds(breaker["timeout"]))
    budget_s = pauses_s + slow_calls * seconds(POLICIES["timeouts"][gateway["timeout"]])

    assert budget_s < seconds(settings(PUBSUBS[name])["processingTimeout"])


@pytest.mark.parametrize("name", PUBSUBS)
def test_an_event_whose_sidecar_died_comes_again_before_the_first_deadline_of_the_saga(
    name: str,
) -> None:
    values = settings(PUBSUBS[name])

    interval_s = int(values["redeliverInterval"]) / 1000  # daprd ignores "5s"

    assert seconds(values["processingTimeout"]) + interval_s < FIRST_SAGA_DEADLINE_S


@pytest.mark.parametrize("name", PUBSUBS)
def test_only_a_handler_that_hangs_runs_into_the_inbound_timeout(name: str) -> None:
    targets = TARGETS["components"]
    limits = [
        TARGETS["apps"]["payment-gateway"]["timeout"],
        targets["payment-store"]["outbound"]["timeout"],
        targets[name]["outbound"]["timeout"],
    ]

    longest_s = sum(seconds(POLICIES["timeouts"][limit]) for limit in limits)

    assert seconds(POLICIES["timeouts"][targets[name]["inbound"]["timeout"]]) > longest_s


@pytest.mark.parametrize("name", PUBSUBS)
def test_the_pool_has_a_connection_for_every_topic_and_ten_more(name: str) -> None:
    topics = set[str]().union(*scoped("publishingScopes").values())

    assert int(settings(PUBSUBS[name])["poolSize"]) >= len(topics) + 10


@pytest.mark.parametrize("name", STORES)
def test_a_store_is_one_file_of_one_service_and_waits_for_the_lock(name: str) -> None:
    [app_id] = STORES[name]["scopes"]
    values = settings(STORES[name])

    assert values["connectionString"].startswith(f"file:.run/{app_id}.db?")
    assert seconds(values["busyTimeout"]) > seconds(POLICIES["timeouts"]["state"])
    assert "actorStateStore" not in values


def test_every_app_hears_its_own_dead_letters_and_publishes_nothing_beside_them() -> None:
    hears, says = (topic_scopes(LETTERS, f"{way}Scopes") for way in ("subscription", "publishing"))

    assert hears == {app_id: {f"cafe.dead-letter.{app_id}"} for app_id in PUBSUB}
    assert says == {app_id: {""} for app_id in PUBSUB}
    assert set(LETTERS["scopes"]) == set(PUBSUB)


def test_what_replicas_tell_each_other_reaches_each_of_them_and_is_soon_forgotten() -> None:
    values = settings(REPLICAS)

    assert values["consumerID"] == "{uuid}"  # every sidecar a reader of its own
    assert int(values["maxLenApprox"]) <= 1_000
    assert topic_scopes(REPLICAS, "subscriptionScopes") == {
        "mypage-svc": {"cafe.PageChanged.v1"},
    }
    assert topic_scopes(REPLICAS, "publishingScopes") == {
        "mypage-svc": {"cafe.PageChanged.v1", "cafe.dead-letter.mypage-svc"},
    }
    assert REPLICAS["scopes"] == ["mypage-svc"]


def test_what_replicas_tell_each_other_has_a_pool_for_its_workers_and_as_many_publishers() -> None:
    values = settings(REPLICAS)
    handler = TARGETS["components"]["replicas"]["inbound"]["timeout"]

    assert int(values["poolSize"]) >= 2 * int(values["concurrency"])
    assert int(values["redeliverInterval"]) > 0
    assert seconds(values["processingTimeout"]) > seconds(POLICIES["timeouts"][handler])


def test_a_dead_letter_is_tried_without_end_by_workers_of_its_own() -> None:
    retry = POLICIES["retries"][TARGETS["components"]["dead-letters"]["inbound"]["retry"]]
    values = settings(LETTERS)

    assert retry["maxRetries"] == -1
    assert int(values["poolSize"]) > int(values["concurrency"])
    assert int(values["redeliverInterval"]) > 0
    assert seconds(values["processingTimeout"]) > seconds(POLICIES["timeouts"]["handler"])


def test_every_policy_target_exists_and_every_policy_is_used() -> None:
    components = TARGETS["components"]
    used = [*TARGETS["apps"].values()]
    used += [direction for each in components.values() for direction in each.values()]

    assert set(components) == {*PUBSUBS, "dead-letters", "replicas", *STORES}
    assert set(TARGETS["apps"]) == {"cafe-svc", *of_kind("HTTPEndpoint")}
    for group, key in [
        ("timeouts", "timeout"),
        ("retries", "retry"),
        ("circuitBreakers", "circuitBreaker"),
    ]:
        assert {row[key] for row in used if key in row} == set(POLICIES[group])


def test_no_breaker_sends_events_to_the_dead_letters_and_no_retry_repeats_a_save() -> None:
    for name, target in TARGETS["components"].items():
        assert "circuitBreaker" not in target.get("inbound", {}), name
        assert "retry" not in target["outbound"], name


def test_the_sidecar_answers_before_the_app_gives_up_waiting() -> None:
    components = [each["outbound"] for each in TARGETS["components"].values()]

    for target in chain(components, TARGETS["apps"].values()):
        retry = POLICIES["retries"].get(target.get("retry"), {"maxRetries": 0, "duration": "0s"})
        attempts_s = (retry["maxRetries"] + 1) * seconds(POLICIES["timeouts"][target["timeout"]])
        pauses_s = retry["maxRetries"] * seconds(retry["duration"])
        assert attempts_s + pauses_s < APP_DEADLINE_S, target


def test_nothing_is_called_latest() -> None:
    for path in FOLDER.glob("*.yaml"):
        assert not re.search(r"\blatest\b", path.read_text()), path.name
