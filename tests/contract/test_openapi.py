"""The OpenAPI documents: whole numbers, errors as problems, nothing of the sidecar's routes."""

from copy import deepcopy

import pytest

from cafe_kit.clock import utc_now
from cafe_kit.memory_sidecar import MemoryDapr
from tests.contract.committed import OPENAPI, Json, objects_in
from tools.contracts.services import SERVICES, Service

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
each_document = pytest.mark.parametrize("document", OPENAPI.values(), ids=OPENAPI)


def operations(document: Json) -> list[Json]:
    """Return every operation of every path."""
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_every_service_has_a_document() -> None:
    assert OPENAPI.keys() == {service.app_id for service in SERVICES}


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.app_id)
def test_a_service_gives_the_same_document_whenever_it_is_asked(service: Service) -> None:
    app = service.build(service.app_id, MemoryDapr().sidecar(service.app_id), utc_now)

    documents = [deepcopy(app.openapi()) for _ in range(2)]

    assert documents == [OPENAPI[service.app_id]] * 2


@each_document
def test_every_error_is_a_problem(document: Json) -> None:
    for operation in operations(document):
        statuses = operation["responses"]
        errors = {status: each for status, each in statuses.items() if not status.startswith("2")}

        assert errors.keys() == {"default"}
        assert errors["default"]["content"] == PROBLEM


@each_document
def test_every_answer_has_a_shape(document: Json) -> None:
    for operation in operations(document):
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                [(media, content)] = response["content"].items()
                # The frames of a stream: contracts/README.md says what is in them.
                stream = media == "text/event-stream" and content["schema"] == {"type": "string"}
                assert stream or content["schema"]["$ref"], status


@each_document
def test_no_number_is_a_fraction(document: Json) -> None:
    assert [each for each in objects_in(document) if each.get("type") == "number"] == []


@each_document
def test_money_is_an_amount_and_a_currency(document: Json) -> None:
    money = document["components"]["schemas"]["Money"]

    fields = {name: field["type"] for name, field in money["properties"].items()}

    assert fields == {"amount": "integer", "currency": "string"}
    assert set(money["required"]) == {"amount", "currency"}


@each_document
def test_routes_of_the_sidecar_and_the_probes_are_no_contract(document: Json) -> None:
    inner = ("/events/", "/dapr/", "/job/", "/livez", "/readyz", "/metrics", "/info")

    assert document["paths"]
    assert [path for path in document["paths"] if path.startswith(inner)] == []
