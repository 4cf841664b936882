"""Nobody talks to the wall and nobody waits for what is never said; the broker allows just that."""

import pytest

from cafe_kit.settings import Settings
from cafe_kit.subscriptions import dead_letter_topic
from tests.components.resources import of_kind, topic_scopes
from tools.contracts.services import SERVICES, Service

LETTERS = Settings.model_fields["letter_pubsub"].default
REPLICAS = Settings.model_fields["replica_pubsub"].default
PUBSUBS = of_kind("Component", "pubsub.")
SAID = {topic: service.app_id for service in SERVICES for topic in service.says()}
each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.app_id)


def allowed(service: Service, direction: str) -> set[str]:
    """Return the topics that the broker of this service grants it."""
    names = [name for name, each in PUBSUBS.items() if service.app_id in each["scopes"]]
    [name] = set(names) - {LETTERS, REPLICAS}
    return topic_scopes(PUBSUBS[name], direction)[service.app_id]


def test_every_topic_is_said_by_one_service() -> None:
    topics = [topic for service in SERVICES for topic in service.says()]

    assert len(topics) == len(set(topics))


def test_every_topic_said_is_heard_and_every_topic_heard_is_said() -> None:
    heard = {topic for service in SERVICES for topic in service.hears()}

    assert heard == SAID.keys()


@each_service
def test_a_service_hears_a_topic_once_and_never_itself(service: Service) -> None:
    topics = service.hears()

    assert len(topics) == len(set(topics))
    assert not set(topics) & service.says().keys()


@each_service
def test_a_reaction_undoes_only_what_somebody_says(service: Service) -> None:
    names = {event.__name__ for each in SERVICES for event in each.says().values()}

    assert {reaction.undoes for reaction in service.reactions} <= {"", *names}


@each_service
def test_the_broker_lets_a_service_say_its_events_and_its_dead_letters(service: Service) -> None:
    needed = {*service.says(), dead_letter_topic(service.app_id)}

    assert needed <= allowed(service, "publishingScopes")


@each_service
def test_the_broker_lets_a_service_hear_its_topics(service: Service) -> None:
    assert set(service.hears()) <= allowed(service, "subscriptionScopes")


def test_the_replicas_of_a_service_tell_each_other_what_its_table_says_and_nothing_else() -> None:
    told = {
        service.app_id: {each.hears.TOPIC for each in service.reactions if each.by_each}
        for service in SERVICES
    }
    between = PUBSUBS[REPLICAS]

    talking = {app_id: topics for app_id, topics in told.items() if topics}
    with_letters = {app: {*topics, dead_letter_topic(app)} for app, topics in talking.items()}
    assert talking.keys() == set(between["scopes"])
    assert topic_scopes(between, "subscriptionScopes") == talking
    assert topic_scopes(between, "publishingScopes") == with_letters
    assert not set[str]().union(*talking.values()) & SAID.keys()


@each_service
def test_a_service_hears_its_own_dead_letters_and_publishes_nothing_there(service: Service) -> None:
    hears = topic_scopes(PUBSUBS[LETTERS], "subscriptionScopes")[service.app_id]
    says = topic_scopes(PUBSUBS[LETTERS], "publishingScopes")[service.app_id]

    assert hears == {dead_letter_topic(service.app_id)}
    assert says == {""}


@each_service
def test_the_broker_lets_no_service_say_another_s_event(service: Service) -> None:
    for topic in allowed(service, "publishingScopes") & SAID.keys():
        assert SAID[topic] == service.app_id
