"""The diagrams of docs/architecture/saga.md are drawn from the tables, not from memory."""

from enum import StrEnum, auto

import pytest

from cafe_kit.transitions import Ignore, Move, Refuse, When
from tools.contracts.diagrams import saga_page
from tools.contracts.services import SERVICES, Edge, Service, edges


class Status(StrEnum):
    """Where a door stands."""

    OPEN = auto()
    SHUT = auto()


class Says(StrEnum):
    """What a door says."""

    SHUT = auto()


class Push:
    """A trigger."""


def _is_locked(_: object, __: object) -> bool:
    return False


def test_an_edge_names_the_questions_of_its_row_and_the_steps_that_follow() -> None:
    push = Move(Status.OPEN, then=Move(Status.SHUT, Says.SHUT))
    table = {
        (None, Push): When(_is_locked, Refuse("locked"), push),
        (Status.SHUT, Push): Ignore("shut already"),
    }

    found = list(edges(table))

    guard = ("not is locked",)
    assert found == [
        Edge(None, Status.OPEN, "Push", guard, None, follows=False),
        Edge(Status.OPEN, Status.SHUT, "Push", guard, Says.SHUT, follows=True),
    ]


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.app_id)
def test_every_event_of_a_service_is_said_by_a_step_of_its_tables(service: Service) -> None:
    for topic, event in service.says().items():
        assert service.statuses(event), topic


def test_the_page_draws_every_aggregate_and_links_every_event() -> None:
    page = saga_page()

    for service in SERVICES:
        for name in service.tables:
            assert f"### {name} ({service.app_id})\n\n```mermaid\nstateDiagram-v2\n" in page
        for topic in service.says():
            assert f"contracts/events/{topic}.schema.json) | {service.app_id} |" in page
